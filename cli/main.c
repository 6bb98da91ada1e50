/* carmlbench: the command. Finds the subcommand, runs it, prints its error line, sets the exit
 * code. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "common/log.h"

const struct command commands[] = {
    {"enqueue",
     "FILE|- [--run R] [--model NAME[:VER]]... [--framework NAME[:VER]]... [--backend B]"
     " [--expect TEXT] [--synset WNID]",
     "Adds the URLs of a list to the queue.",
     "One URL a line, or ImageNet's id and URL (n02131653_123<TAB>URL): the synset then is what "
     "is\n"
     "expected. '#' starts a comment. What cannot be made a URL of is refused with its line "
     "number;\n"
     "everything else is tolerated: CRLF, byte order marks, trailing backslashes, blanks, "
     "Latin-1.\n\n"
     "  --run R            name of the run (default: default)\n"
     "  --model NAME[:VER] model to ask; may be repeated (default: defaults.models)\n"
     "  --framework NAME[:VER]  framework to ask for; may be repeated (default: the model's own: "
     "the\n"
     "                     original's, where there are conversions of it)\n"
     "  --backend B        auto, carml or local (default: defaults.backend)\n"
     "  --expect TEXT      the right label contains this text\n"
     "  --synset WNID      the right answer is this WordNet synset, or one below it\n",
     enqueue_command},
    {"status", "[--run R] [--watch] [--json]",
     "Counts by state and reason, rate and time left, what the daemon is doing.",
     "  --watch            go on until nothing is pending: on a terminal with a bar for each "
     "target,\n"
     "                     elsewhere with a line, or with --json an object, now and then\n",
     status_command},
    {"results", "[--run R] [--format table|csv|jsonl] [--json]", "One row for each answered job.",
     "  --format F         table (default, the most important columns), csv or jsonl (all of "
     "them)\n",
     results_command},
    {"report",
     "[--run R] [--model M]... [--framework F]... [--score isa|substring|seed]"
     " [--include placeholders|duplicates]... [--require EXPR]... [--json] [--html FILE|-]",
     "Accuracy per model and framework, what failed, and how far two agree on the same bytes.",
     "  --run R            only this run\n"
     "  --model M          only this model, NAME or NAME:VERSION; may be repeated\n"
     "  --framework F      only this framework, NAME or NAME:VERSION; may be repeated\n"
     "  --score S          isa (default): the expected synset or one below it is right; substring: "
     "a\n"
     "                     label that contains the expected text (default where no synset is "
     "expected);\n"
     "                     seed: as the script behind the seed report counted\n"
     "  --include X        placeholders: count the pictures that hosts serve for deleted ones;\n"
     "                     duplicates: count the same bytes under every URL\n"
     "  --require EXPR     METRIC OP NUMBER, as 'accuracy>=0.8' or 'failed<1%'; several with "
     "commas "
     "or\n"
     "                     by repeating. Exit 1, with a line for each row that violates it\n"
     "  --html FILE        write a page instead; - for standard output\n"
     "The text is as wide as the terminal, or as COLUMNS says. NO_COLOR=1: without bold titles.\n",
     report_command},
    {"retry", "[--run R] [--reason X]...", "Puts failed jobs back into the queue.",
     "  --reason X         only jobs that failed for this reason; may be repeated\n",
     retry_command},
    {"fsck", "[--json]", "Proves on a live database that nothing was lost or counted twice.", NULL,
     fsck_command},
    {"import",
     "FILE|- --as seed-top3 --model NAME[:VER] --framework NAME[:VER] [--run R] [--expect TEXT]"
     " [--synset WNID] [--json]",
     "Adds results that were recorded elsewhere, as a run like any other.",
     "A line for each picture, with one to three entries, best first, and the URL in front where "
     "it "
     "is\n"
     "known:\n"
     "  {Name:n02132136 brown bear, Probability:0.7}  {Name:teddy, Probability:0.2}\n"
     "A line that is malformed is refused with its number; importing a file twice adds nothing.\n\n"
     "  --as seed-top3     the form of the lines; there is no other\n"
     "  --model, --framework  what answered; need not be known here\n"
     "  --run R            name of the run (default: default)\n"
     "  --expect TEXT      the right label contains this text\n"
     "  --synset WNID      the right answer is this WordNet synset, or one below it\n",
     import_command},
    {"labels", "import [DIR|FILE] | show WNID [--json]",
     "What WordNet says about classes: which synset is a kind of which.",
     "  import replaces what the database knows by the data.noun of WordNet 3.0, whose ids are\n"
     "  ImageNet's (default: /usr/share/wordnet, Debian's package wordnet-base). Without it the\n"
     "  1,000 classes of ILSVRC 2012 and what is above them are known.\n",
     labels_command},
    {"model", "add FILE.yml | list | show NAME [--json]", "The models that can be asked.",
     "  add copies the manifest, its local files and the certificate of a conversion beside the\n"
     "  database, where the daemon can read them, after checking that they belong together.\n"
     "  show NAME means the original; NAME@FRAMEWORK one that was converted.\n",
     model_command},
    {"classify",
     "IMAGE... --model NAME|FILE.yml [--framework F] [--top N] [--resize METHOD] [--json]",
     "Asks the local engine what pictures show.",
     "  --model M          a manifest file, or a name of the catalogue: "
     "NAME[:VERSION][@FRAMEWORK]\n"
     "  --framework F      the same as @FRAMEWORK; without either, the original answers\n"
     "  --top N            how many classes to print (default 3)\n"
     "  --resize METHOD    carml-b, carml-a or bilinear instead of the manifest's\n",
     classify_command},
    {"infer",
     "MODEL --input [NAME=]IN.npy... --output OUT.npz [--layers all|NAME,...] [--threads N]"
     " [--input-shape S]",
     "Raw tensors in, raw tensors out.",
     "MODEL as convert takes it. Tensors are float32 in the model's own layout; a network of "
     "TensorFlow\n"
     "that is given N,C,H,W instead of N,H,W,C answers in that, too.\n"
     "  --layers L         write these tops (all: every one) instead of the network's outputs\n"
     "  --threads N        0 (default): one for each CPU\n"
     "  --input-shape S    for a model that does not say it, in its own order of axes\n",
     infer_command},
    {"convert",
     "MODEL --to caffe|numpy|tensorflow|onnx|tfjs -o OUT [--unverified] [--input-shape N,C,H,W]"
     " [--explicit-padding] [--json]",
     "Brings a network into another format and proves that it is the same function.",
     "MODEL is a manifest (FILE.yml, or NAME[:VERSION][@FRAMEWORK] of the catalogue), "
     "X.prototxt,X.caffemodel,\n"
     "X.prototxt,X.npy (pickled dictionaries of caffe-tensorflow and MMdnn), X.npz (with X.json), "
     "a "
     "frozen\n"
     "GraphDef or an ONNX file. The result is read back and compared value by value on several "
     "inputs; "
     "OUT.certificate.json\n"
     "says how. If anything differs, nothing is written. From a manifest, OUT.yml is made as "
     "well.\n\n"
     "  --to F             caffe: OUT.prototxt and OUT.caffemodel; numpy: OUT.npz and OUT.json;\n"
     "                     tensorflow: OUT.pb; onnx: OUT.onnx; tfjs: the folder OUT\n"
     "  -o, --output OUT   how the files' names begin; an older result is replaced, MODEL never\n"
     "  --unverified       write without proof, and say so in the certificate\n"
     "  --input-shape S    for a model that does not say it, in its own order of axes\n"
     "  --explicit-padding TensorFlow: padding=EXPLICIT instead of Pad and VALID\n",
     convert_command},
    {"verify",
     "MODEL_A MODEL_B [--images DIR] [--input [NAME=]IN.npy]... [--input-shape S] [--json]",
     "Whether two models are the same function, layer by layer.",
     "Names the first layer that differs. Exit 0: the same; 1: not.\n\n"
     "  --images DIR       on these pictures instead of made-up inputs, preprocessed as MODEL_A's\n"
     "                     manifest says (without one: BGR minus 104,117,123)\n"
     "  --input IN.npy     on this input; several inputs of a network by NAME=\n"
     "  --input-shape S    for models that do not say it\n",
     verify_command},
};
const size_t command_count = sizeof commands / sizeof commands[0];

static void print_usage(FILE *out)
{
    fputs("usage: carmlbench [--config FILE] [--db FILE] COMMAND ...\n\n", out);
    for (size_t i = 0; i < command_count; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\ncarmlbench COMMAND --help says more; so does carmlbench(1).\n", out);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Reads what stands before the subcommand. *done: nothing is left to do. */
static enum status read_globals(struct cli *cli, int argc, char **argv, bool *done,
                                struct error *error)
{
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"db", required_argument, NULL, 'd'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'v'},
                                          {NULL, 0, NULL, 0}};
    opterr = 0;
    int value;
    while ((value = getopt_long(argc, argv, "+:", table, NULL)) != -1) {
        switch (value) {
        case 'c':
            cli->config_path = optarg;
            break;
        case 'd':
            cli->database = optarg;
            break;
        case 'h':
            print_usage(stdout);
            *done = true;
            return STATUS_OK;
        case 'v':
            puts("carmlbench " CARMLBENCH_VERSION);
            *done = true;
            return STATUS_OK;
        default:
            return error_set(error, STATUS_USAGE, "%s: %s; see carmlbench --help", argv[optind - 1],
                             value == ':' ? "the option needs a value" : "there is no such option");
        }
    }
    return STATUS_OK;
}

static enum status run(struct cli *cli, int argc, char **argv, struct error *error)
{
    bool done = false;
    enum status status = read_globals(cli, argc, argv, &done, error);
    if (status || done)
        return status;
    if (optind == argc) {
        print_usage(stderr);
        return error_set(error, STATUS_USAGE, "a command is missing; see carmlbench --help");
    }
    cli->command = find_command(argv[optind]);
    if (!cli->command)
        return error_set(error, STATUS_USAGE,
                         "%s: there is no such command in this version; see carmlbench --help",
                         argv[optind]);
    argc -= optind;
    argv += optind;
    optind = 0; /* glibc: start anew, and options may stand behind arguments again */
    status = cli->command->run(cli, argc, argv, error);
    return status ? status : cli_flush(error);
}

/* A "no" may have said already what does not hold; nothing else ends without a line. */
static void say_failure(const struct cli *cli, enum status status, const struct error *error)
{
    fflush(stdout);
    if (error->text[0])
        fprintf(stderr, "carmlbench: %s\n", error->text);
    else if (status != STATUS_NO)
        fprintf(stderr, "carmlbench: %s%s%s\n", cli->command ? cli->command->name : "",
                cli->command ? ": " : "", status_text(status));
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    struct error error = {""};
    /* `carmlbench results | head` ends with an error line, not with a signal. */
    signal(SIGPIPE, SIG_IGN);
    enum status status = run(&cli, argc, argv, &error);
    cli_close(&cli);
    if (status)
        say_failure(&cli, status, &error);
    return status_exit_code(status);
}
