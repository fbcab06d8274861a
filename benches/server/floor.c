/* The floor: module commands that do nothing, with the flags and the key of PRESENCE.TOUCH and PRESENCE.COUNT, one that
 * opens its key, as any answer about a key has to, and one that takes as much memory as new members do, and does nothing
 * with it.
 * The few declarations of the module API that are needed stand here, so that no header of the server is. */

#include <stddef.h>
#include <string.h>

typedef struct Context Context;
typedef struct String String;
typedef struct Key Key;
typedef int Command(Context *ctx, String **argv, int argc);

static int (*reply_with_long_long)(Context *ctx, long long number);

static int do_nothing(Context *ctx, String **argv, int argc) {
    (void)argv;
    (void)argc;
    return reply_with_long_long(ctx, 0);
}

/* How a key is opened to be read. */
enum { READ = 1 };

static Key *(*open_key)(Context *ctx, String *name, int mode);
static void (*close_key)(Key *key);

/* FLOOR.OPEN key */
static int open_and_close(Context *ctx, String **argv, int argc) {
    (void)argc;
    Key *key = open_key(ctx, argv[1], READ);
    int replied = reply_with_long_long(ctx, 0);
    close_key(key);
    return replied;
}

/* What a member takes, in bytes. */
enum { MEMBER = 40 };

typedef struct Block {
    struct Block *next;
} Block;

static void *(*allocate)(size_t bytes);
static void (*release)(void *block);
static Block *taken;

/* FLOOR.TAKE key member [member ...] */
static int take(Context *ctx, String **argv, int argc) {
    (void)argv;
    size_t bytes = sizeof(Block) + (size_t)argc * MEMBER;
    Block *block = allocate(bytes);
    memset(block, 1, bytes);
    block->next = taken;
    taken = block;
    return reply_with_long_long(ctx, 0);
}

/* FLOOR.RELEASE key: gives back what was taken. */
static int release_all(Context *ctx, String **argv, int argc) {
    (void)argv;
    (void)argc;
    while (taken) {
        Block *next = taken->next;
        release(taken);
        taken = next;
    }
    return reply_with_long_long(ctx, 0);
}

int RedisModule_OnLoad(Context *ctx, String **argv, int argc) {
    (void)argv;
    (void)argc;
    /* The server keeps the function that hands out all others in the first word of the context. */
    int (*get)(const char *name, void *function) = ((void **)ctx)[0];
    void (*set_attributes)(Context *ctx, const char *name, int version, int api);
    int (*create)(Context *ctx, const char *name, Command *run, const char *flags, int first, int last, int step);
    get("RedisModule_SetModuleAttribs", &set_attributes);
    get("RedisModule_CreateCommand", &create);
    get("RedisModule_ReplyWithLongLong", &reply_with_long_long);
    get("RedisModule_OpenKey", &open_key);
    get("RedisModule_CloseKey", &close_key);
    get("RedisModule_Alloc", &allocate);
    get("RedisModule_Free", &release);
    set_attributes(ctx, "floor", 1, 1);
    return create(ctx, "FLOOR.WRITE", do_nothing, "write deny-oom fast", 1, 1, 1) |
           create(ctx, "FLOOR.READ", do_nothing, "readonly fast", 1, 1, 1) |
           create(ctx, "FLOOR.OPEN", open_and_close, "readonly fast", 1, 1, 1) |
           create(ctx, "FLOOR.TAKE", take, "write deny-oom fast", 1, 1, 1) |
           create(ctx, "FLOOR.RELEASE", release_all, "write", 1, 1, 1);
}
