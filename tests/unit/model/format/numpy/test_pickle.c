#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "model/format/numpy/pickle.h"

enum { BUF_LIMIT = 1 << 20 };

/* A pickle as a C string that may hold NUL. */
#define PICKLE(text) (text), sizeof(text) - 1

static enum status read_pickle(const void *bytes, size_t size, struct error *error)
{
    struct arena kept;
    struct pickle *pickle;

    arena_init(&kept, BUF_LIMIT);
    enum status status = pickle_read("p", bytes, size, 0, &kept, &pickle, error);
    assert_int_equal(status == STATUS_OK, pickle != NULL);
    pickle_free(pickle);
    arena_free(&kept);
    return status;
}

static void names_and_calls_are_refused_and_nothing_runs(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } cases[] = {
        /* What __reduce__ returning (os.system, ('...',)) gives in protocols 0, 2 and 4. */
        {PICKLE("cposix\nsystem\np0\n(Vtouch /tmp/owned\np1\ntp2\nRp3\n."),
         "p: byte 0: names posix.system: refused, nothing was executed"},
        {PICKLE("\x80\2cos\nsystem\nX\4\0\0\0true\x85R."), "byte 2: names os.system: refused"},
        {PICKLE("\x80\4\x8c\5posix\x8c\6system\x93\x8c\4true\x85R."), "names posix.system"},
        {PICKLE("c__builtin__\neval\n(S'1+1'\ntR."), "names __builtin__.eval"},
        {PICKLE("cbuiltins\ngetattr\n."), "names builtins.getattr"},
        {PICKLE("cnumpy\nload\n."), "names numpy.load"},
        {PICKLE("cnumpy.core.multiarray\n_reconstruct.__globals__\n."), "_reconstruct.__globals__"},
        /* Inside of a dictionary, and as the argument of an allowed name. */
        {PICKLE("}Va\n(cos\nsystem\nVtrue\ntRs."), "names os.system"},
        {PICKLE("cnumpy\ndtype\n(cos\nsystem\nVtrue\ntRtR."), "names os.system"},
        {PICKLE("(Vtrue\nios\nsystem\n."), "opcode 0x69"},
        {PICKLE("(cnumpy\nndarray\no."), "opcode 0x6f"},
        {PICKLE("Pname\n."), "opcode 0x50"},
        {PICKLE("cnumpy\nndarray\n)\x81."), "opcode 0x81"},
        {PICKLE("\x82\1."), "opcode 0x82"},
        {PICKLE("cnumpy\nndarray\n)R."), "refused, nothing was executed"},
        {PICKLE("Vno name\n)R."), "calls what is no name"},
        {PICKLE("cbuiltins\nbytes\n(K\5tR."), "refused, nothing was executed"},
        {PICKLE("}}b."), "gives a state to what is no array"},
        {PICKLE("c_codecs\nencode\n(Vx\nVhex\ntR."), "encodes something else"},
        {PICKLE("\x80\5N."), "protocol 5"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {""};
        enum status status = read_pickle(cases[i].bytes, cases[i].size, &error);
        if (status != STATUS_UNSUPPORTED || !strstr(error.text, cases[i].text))
            fail_msg("status %d, '%s' lacks '%s'", status, error.text, cases[i].text);
    }
    assert_int_equal(access("/tmp/owned", F_OK), -1);
}

static void damaged_pickles_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {PICKLE("")},
        {PICKLE(".")},
        {PICKLE("NN.")},
        {PICKLE("0.")},
        {PICKLE("N")},
        {PICKLE("t.")},
        {PICKLE("1.")},
        {PICKLE("(s.")},
        {PICKLE("}(Ns.")},
        {PICKLE("}(Nu.")},
        {PICKLE("N(Ne.")},
        {PICKLE("]a.")},
        {PICKLE("h\0.")},
        {PICKLE("Nr\377\377\377\377.")},
        {PICKLE("Np99999999999\n.")},
        {PICKLE("Np-1\n.")},
        {PICKLE("I\n.")},
        {PICKLE("Ix\n.")},
        {PICKLE("S'no end\n.")},
        {PICKLE("S'\n.")},
        {PICKLE("S'\\x4'\n.")},
        {PICKLE("V\\u12\n.")},
        {PICKLE("X\377\377\377\377abc.")},
        {PICKLE("B\377\377\377\377abc.")},
        {PICKLE("\x8e\377\377\377\377\377\377\377\377abc.")},
        {PICKLE("\x8b\377\377\377\177abc.")},
        {PICKLE("\x95\0\0\0\0\0\0\0")},
        {PICKLE("c\n.")},
        {PICKLE("NN\x93.")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {""};
        enum status status = read_pickle(cases[i].bytes, cases[i].size, &error);
        if (!status || !error.text[0])
            fail_msg("case %zu was read", i);
    }
}

/* d = {}; d['d'] = d, and a list in itself. */
static void values_that_hold_themselves_are_fine(void **state)
{
    struct error error = {""};

    (void)state;
    assert_int_equal(read_pickle(PICKLE("}q\1Vd\nh\1s."), &error), STATUS_OK);
    assert_int_equal(read_pickle(PICKLE("]q\1h\1a."), &error), STATUS_OK);
}

static void numbers_of_any_length_are_passed_over(void **state)
{
    struct error error = {""};

    (void)state;
    assert_int_equal(read_pickle(PICKLE("\x8a\x09"
                                        "123456789."),
                                 &error),
                     STATUS_OK);
    assert_int_equal(read_pickle(PICKLE("\x8b\2\0\0\0ab."), &error), STATUS_OK);
    assert_int_equal(read_pickle(PICKLE("F1.5\n."), &error), STATUS_OK);
    assert_int_equal(read_pickle(PICKLE("G12345678."), &error), STATUS_OK);
}

static void texts_of_protocol_0_are_unescaped(void **state)
{
    static const struct {
        const char *bytes, *text;
        enum pickle_kind kind;
    } cases[] = {
        {"S'a\\x7fb\\n\\\\\\''\n.",
         "a\x7f"
         "b\n\\'",
         PICKLE_BYTES},
        {"S\"it's\"\n.", "it's", PICKLE_BYTES},
        {"Va\\u00e9\xe9\\U0001f600\\\n.", "a\xc3\xa9\xc3\xa9\xf0\x9f\x98\x80\\", PICKLE_TEXT},
        {"c_codecs\nencode\n(Va\xe9\nVlatin1\ntR.", "a\xe9", PICKLE_BYTES},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {""};
        struct pickle *pickle;
        struct arena kept;
        arena_init(&kept, BUF_LIMIT);
        if (pickle_read("p", cases[i].bytes, strlen(cases[i].bytes), 0, &kept, &pickle, &error))
            fail_msg("%s", error.text);
        assert_int_equal(pickle_root(pickle)->kind, cases[i].kind);
        assert_true(pickle_is(pickle_root(pickle), cases[i].text));
        pickle_free(pickle);
        arena_free(&kept);
    }
}

/* Each call of encode() would copy the same text again. */
static void memory_is_bounded_by_the_size(void **state)
{
    struct error error = {""};
    struct buf out;

    (void)state;
    buf_init(&out, BUF_LIMIT);
    assert_int_equal(buf_append(&out, "c_codecs\nencode\nq\1(X\0\20\0\0", 24), STATUS_OK);
    for (int i = 0; i < 4096; i++)
        assert_int_equal(buf_append(&out, "x", 1), STATUS_OK);
    assert_int_equal(buf_append_text(&out, "Vlatin1\ntq\2R"), STATUS_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(buf_append_text(&out, "0h\1h\2R"), STATUS_OK);
    assert_int_equal(buf_append_text(&out, "."), STATUS_OK);
    assert_int_equal(read_pickle(out.data, out.size, &error), STATUS_LIMIT);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_calls_are_refused_and_nothing_runs),
        cmocka_unit_test(damaged_pickles_are_refused),
        cmocka_unit_test(values_that_hold_themselves_are_fine),
        cmocka_unit_test(numbers_of_any_length_are_passed_over),
        cmocka_unit_test(texts_of_protocol_0_are_unescaped),
        cmocka_unit_test(memory_is_bounded_by_the_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
