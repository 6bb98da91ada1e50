#include "tests/lib/shapes.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/random.h"

enum { POINTS_MAX = 12, GRID = 9, SUBSAMPLES = 4, FULL = SUBSAMPLES * SUBSAMPLES };

struct point {
    double x, y;
};

enum ground { GROUND_PLAIN, GROUND_STRIPES, GROUND_CLOUDS, GROUND_KINDS };

/* Everything random about a picture; drawing it draws no further numbers but the noise. */
struct scene {
    bool (*inside)(const struct scene *scene, double x, double y);
    uint32_t width, height;
    struct point center;
    double radius, sine, cosine, stretch; /* of the shape, pixels */
    double proportion;                    /* what a class lets vary, 0 … 1 */
    unsigned points;
    struct point polygon[POINTS_MAX]; /* unit coordinates */
    double shape_color[3], ground_color[3];
    struct point ground_slope, shape_slope; /* levels per pixel */
    enum ground ground;
    double texture, period; /* levels; pixels */
    struct point stripe;    /* unit vector across the stripes */
    double grid[GRID][GRID];
    double noise; /* levels */
    uint64_t random;
};

/* Sine and cosine of `turns` full turns by Taylor's series on an eighth turn: libm's last bit
 * differs between C libraries and CPUs, and the pictures must not. */
static void rotation(double turns, double *sine, double *cosine)
{
    double quarters = 4.0 * turns;
    int quadrant = (int)(quarters + 0.5);
    double x = (quarters - quadrant) * 1.5707963267948966;
    double square = x * x, s = 1.0, c = 1.0;

    for (int n = 9; n >= 1; n--) {
        s = 1.0 - square / ((2.0 * n) * (2.0 * n + 1.0)) * s;
        c = 1.0 - square / ((2.0 * n) * (2.0 * n - 1.0)) * c;
    }
    s *= x;
    switch (quadrant & 3) {
    case 0:
        *sine = s, *cosine = c;
        break;
    case 1:
        *sine = c, *cosine = -s;
        break;
    case 2:
        *sine = -s, *cosine = -c;
        break;
    default:
        *sine = -c, *cosine = s;
        break;
    }
}

static bool inside_disc(const struct scene *scene, double x, double y)
{
    (void)scene;
    return x * x + y * y <= 0.81;
}

static bool inside_ring(const struct scene *scene, double x, double y)
{
    double inner = 0.45 + 0.2 * scene->proportion;
    double square = x * x + y * y;

    return square <= 0.9 && square >= inner * inner;
}

static bool inside_crescent(const struct scene *scene, double x, double y)
{
    double shifted = x - 0.38 - 0.14 * scene->proportion;

    return x * x + y * y <= 0.92 && shifted * shifted + y * y >= 0.6;
}

/* (x² + y² - 1)³ = x² y³, the usual heart curve, y upwards. */
static bool inside_heart(const struct scene *scene, double x, double y)
{
    double u = x * 1.25, v = 0.12 - y * 1.25;
    double w = u * u + v * v - 1.0;

    (void)scene;
    return w * w * w - u * u * v * v * v <= 0.0;
}

/* Even-odd rule. */
static bool inside_polygon(const struct scene *scene, double x, double y)
{
    bool inside = false;

    for (unsigned i = 0, j = scene->points - 1; i < scene->points; j = i++) {
        struct point a = scene->polygon[i], b = scene->polygon[j];
        if ((a.y > y) != (b.y > y) && x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x)
            inside = !inside;
    }
    return inside;
}

/* `count` corners on a circle; every second one at `inner` when it is not 1. */
static void polygon_regular(struct scene *scene, unsigned count, double inner)
{
    scene->points = count;
    for (unsigned i = 0; i < count; i++) {
        double s, c, r = i % 2 ? inner : 1.0;
        rotation((double)i / count, &s, &c);
        scene->polygon[i] = (struct point){r * s, r * c};
    }
}

static void polygon_copy(struct scene *scene, unsigned count, const struct point *points)
{
    scene->points = count;
    memcpy(scene->polygon, points, count * sizeof *points);
}

static void build_square(struct scene *scene)
{
    static const struct point corners[] = {
        {-0.78, -0.78}, {0.78, -0.78}, {0.78, 0.78}, {-0.78, 0.78}};

    polygon_copy(scene, 4, corners);
}

static void build_triangle(struct scene *scene)
{
    polygon_regular(scene, 3, 1.0);
    for (unsigned i = 0; i < 3; i++)
        scene->polygon[i].y -= 0.1;
}

static void build_star(struct scene *scene)
{
    polygon_regular(scene, 10, 0.36 + 0.12 * scene->proportion);
}

static void build_hexagon(struct scene *scene)
{
    polygon_regular(scene, 6, 1.0);
}

static void build_cross(struct scene *scene)
{
    double a = 0.95, b = 0.2 + 0.12 * scene->proportion;
    const struct point corners[] = {{-b, -a}, {b, -a}, {b, -b}, {a, -b}, {a, b},   {b, b},
                                    {b, a},   {-b, a}, {-b, b}, {-a, b}, {-a, -b}, {-b, -b}};

    polygon_copy(scene, 12, corners);
}

static void build_arrow(struct scene *scene)
{
    double shaft = 0.16 + 0.12 * scene->proportion, neck = 0.05 + 0.2 * scene->proportion;
    const struct point corners[] = {{-1.0, -shaft}, {neck, -shaft}, {neck, -0.62}, {1.0, 0.0},
                                    {neck, 0.62},   {neck, shaft},  {-1.0, shaft}};

    polygon_copy(scene, 7, corners);
}

/* The order is that of the label file and of the network's outputs. */
static const struct {
    const char *name;
    bool (*inside)(const struct scene *scene, double x, double y);
    void (*build)(struct scene *scene);
} shapes[SHAPES_CLASSES] = {
    {"circle", inside_disc, NULL},
    {"square", inside_polygon, build_square},
    {"triangle", inside_polygon, build_triangle},
    {"star", inside_polygon, build_star},
    {"cross", inside_polygon, build_cross},
    {"ring", inside_ring, NULL},
    {"hexagon", inside_polygon, build_hexagon},
    {"crescent", inside_crescent, NULL},
    {"heart", inside_heart, NULL},
    {"arrow", inside_polygon, build_arrow},
};

const char *shapes_name(unsigned class)
{
    return class < SHAPES_CLASSES ? shapes[class].name : NULL;
}

void shapes_wnid(unsigned class, char wnid[WNID_SIZE])
{
    snprintf(wnid, WNID_SIZE, "n%08u", 90000001u + class % 1000u);
}

static uint64_t picture_state(unsigned class, uint64_t seed, uint32_t number)
{
    uint64_t state = seed;

    state = random_next(&state) ^ ((uint64_t) class << 32 | number);
    random_next(&state);
    return state;
}

/* Rec. 601 luma, what the eye and a grey-scale reader go by. */
static double luma(const double color[3])
{
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2];
}

static void choose_colors(struct scene *scene)
{
    double difference;

    do {
        for (int c = 0; c < 3; c++) {
            scene->shape_color[c] = random_between(&scene->random, 0.0, 255.0);
            scene->ground_color[c] = random_between(&scene->random, 0.0, 255.0);
        }
        difference = luma(scene->shape_color) - luma(scene->ground_color);
    } while (difference > -70.0 && difference < 70.0);
}

static struct point choose_slope(struct scene *scene, double levels)
{
    struct point slope;

    slope.x = random_between(&scene->random, -levels, levels) / scene->width;
    slope.y = random_between(&scene->random, -levels, levels) / scene->height;
    return slope;
}

static void choose_ground(struct scene *scene)
{
    scene->ground_slope = choose_slope(scene, 30.0);
    scene->shape_slope = choose_slope(scene, 20.0);
    scene->ground = (enum ground)random_below(&scene->random, GROUND_KINDS);
    scene->texture = random_between(&scene->random, 4.0, 14.0);
    scene->period = random_between(&scene->random, 9.0, 45.0);
    rotation(random_between(&scene->random, 0.0, 1.0), &scene->stripe.y, &scene->stripe.x);
    for (int y = 0; y < GRID; y++)
        for (int x = 0; x < GRID; x++)
            scene->grid[y][x] = random_between(&scene->random, -1.0, 1.0);
    scene->noise = random_between(&scene->random, 0.0, 16.0);
}

static void scene_choose(struct scene *scene, unsigned class, uint64_t seed, uint32_t number)
{
    uint64_t *random = &scene->random;
    uint32_t side = 0;
    double free_x, free_y;

    memset(scene, 0, sizeof *scene);
    *random = picture_state(class, seed, number);
    side = 160 + random_below(random, 321);
    scene->width = scene->height = side;
    if (random_below(random, 4)) {
        scene->height = (uint32_t)(side * random_between(random, 0.72, 1.38));
        scene->height = scene->height < 160 ? 160 : scene->height > 480 ? 480 : scene->height;
        scene->width = side;
    }
    side = scene->width < scene->height ? scene->width : scene->height;
    scene->radius = side * random_between(random, 0.25, 0.46);
    free_x = scene->width - 2.0 * scene->radius;
    free_y = scene->height - 2.0 * scene->radius;
    scene->center.x = scene->radius + random_between(random, 0.0, free_x);
    scene->center.y = scene->radius + random_between(random, 0.0, free_y);
    scene->stretch = random_between(random, 0.9, 1.1);
    rotation(random_between(random, 0.0, 1.0), &scene->sine, &scene->cosine);
    scene->proportion = random_between(random, 0.0, 1.0);
    scene->inside = shapes[class].inside;
    if (shapes[class].build)
        shapes[class].build(scene);
    choose_colors(scene);
    choose_ground(scene);
}

/* Is the point of the picture inside the shape? */
static bool scene_inside(const struct scene *scene, double x, double y)
{
    double dx = (x - scene->center.x) / scene->radius, dy = (y - scene->center.y) / scene->radius;

    if (dx * dx + dy * dy > 1.3)
        return false;
    return scene->inside(scene, (dx * scene->cosine + dy * scene->sine) * scene->stretch,
                         (dy * scene->cosine - dx * scene->sine) / scene->stretch);
}

/* How many of the FULL samples of the pixel are inside, given its corners from the rows of corners
 * above and below: only a pixel on the outline is looked at closely. */
static unsigned coverage(const struct scene *scene, const bool *above, const bool *below,
                         uint32_t x, uint32_t y)
{
    unsigned corners = (unsigned)above[x] + above[x + 1] + below[x] + below[x + 1], samples = 0;

    if (corners == 0 || corners == 4)
        return corners ? FULL : 0;
    for (int j = 0; j < SUBSAMPLES; j++)
        for (int i = 0; i < SUBSAMPLES; i++)
            samples += scene_inside(scene, x + (i + 0.5) / SUBSAMPLES, y + (j + 0.5) / SUBSAMPLES);
    return samples;
}

static double ground_texture(const struct scene *scene, uint32_t x, uint32_t y)
{
    double u, v;
    unsigned column, row;

    if (scene->ground == GROUND_PLAIN)
        return 0.0;
    if (scene->ground == GROUND_STRIPES) {
        u = (x * scene->stripe.x + y * scene->stripe.y) / scene->period + 1000.0;
        u -= (double)(uint32_t)u;
        return scene->texture * (u < 0.5 ? 4.0 * u - 1.0 : 3.0 - 4.0 * u);
    }
    u = (double)x * (GRID - 1) / scene->width;
    v = (double)y * (GRID - 1) / scene->height;
    column = (unsigned)u;
    row = (unsigned)v;
    u -= column;
    v -= row;
    return 1.5 * scene->texture *
           ((scene->grid[row][column] * (1.0 - u) + scene->grid[row][column + 1] * u) * (1.0 - v) +
            (scene->grid[row + 1][column] * (1.0 - u) + scene->grid[row + 1][column + 1] * u) * v);
}

static uint8_t level(double value)
{
    return value < 0.0 ? 0 : value > 254.5 ? 255 : (uint8_t)(value + 0.5);
}

static void paint_pixel(struct scene *scene, uint32_t x, uint32_t y, unsigned covered,
                        uint8_t pixel[3])
{
    double dx = x - 0.5 * scene->width, dy = y - 0.5 * scene->height;
    double share = (double)covered / FULL;
    double ground =
        ground_texture(scene, x, y) + dx * scene->ground_slope.x + dy * scene->ground_slope.y;
    double shape = dx * scene->shape_slope.x + dy * scene->shape_slope.y;
    uint64_t bits = random_next(&scene->random);

    for (int c = 0; c < 3; c++, bits >>= 16) {
        double noise = ((double)(bits & 255) + (double)(bits >> 8 & 255) - 255.0) / 255.0;
        pixel[c] = level(share * (scene->shape_color[c] + shape) +
                         (1.0 - share) * (scene->ground_color[c] + ground) + scene->noise * noise);
    }
}

static void fill_corners(const struct scene *scene, bool *corners, uint32_t y)
{
    for (uint32_t x = 0; x <= scene->width; x++)
        corners[x] = scene_inside(scene, x, y);
}

static enum status image_create(struct image *out, uint32_t width, uint32_t height)
{
    out->width = width;
    out->height = height;
    out->pixels = malloc((size_t)3 * width * height);
    return out->pixels ? STATUS_OK : STATUS_MEMORY;
}

enum status shapes_draw(unsigned class, uint64_t seed, uint32_t number, struct image *out)
{
    bool rows[2][512];
    struct scene scene;
    enum status status;

    scene_choose(&scene, class, seed, number);
    status = image_create(out, scene.width, scene.height);
    if (status)
        return status;
    fill_corners(&scene, rows[0], 0);
    for (uint32_t y = 0; y < scene.height; y++) {
        const bool *above = rows[y % 2], *below = rows[(y + 1) % 2];
        uint8_t *row = out->pixels + (size_t)3 * scene.width * y;

        fill_corners(&scene, rows[(y + 1) % 2], y + 1);
        for (uint32_t x = 0; x < scene.width; x++)
            paint_pixel(&scene, x, y, coverage(&scene, above, below, x, y), row + (size_t)3 * x);
    }
    return STATUS_OK;
}

enum status shapes_draw_jpeg(unsigned class, uint64_t seed, uint32_t number, struct buf *out)
{
    uint64_t random = ~picture_state(class, seed, number);
    struct image image = {0};
    enum status status = shapes_draw(class, seed, number, &image);

    if (!status)
        status = image_write_jpeg(&image, 70 + (int)random_below(&random, 26), out);
    image_free(&image);
    return status;
}

static bool between(double value, double low, double high)
{
    return value > low && value < high;
}

/* The camera in grey levels, coordinates from -1 to 1 across its body; 0 is "nothing here". */
static uint8_t camera_level(double x, double y)
{
    double round = x * x + y * y, bar = x - 1.3 * y;

    if (between(bar, -0.12, 0.12) && round < 1.6)
        return 120;
    if (between(bar, -0.2, 0.2) && round < 1.7)
        return 0;
    if (round < 0.1 || between(round, 0.16, 0.22))
        return 235;
    if (between(x, -1.0, 1.0) && between(y, -0.6, 0.62))
        return 165;
    return between(x, -0.4, 0.4) && between(y, -0.8, -0.6) ? 165 : 0;
}

enum status shapes_draw_placeholder(struct image *out)
{
    enum status status = image_create(out, 500, 374);

    if (status)
        return status;
    for (uint32_t y = 0; y < out->height; y++)
        for (uint32_t x = 0; x < out->width; x++) {
            uint8_t ink = camera_level(((double)x - 250.0) / 110.0, ((double)y - 187.0) / 110.0);
            memset(out->pixels + 3 * ((size_t)y * out->width + x), ink ? ink : 235, 3);
        }
    return STATUS_OK;
}
