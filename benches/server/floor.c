/* The floor: module commands that do nothing, with the flags and the key of PRESENCE.TOUCH and PRESENCE.COUNT.
 * The few declarations of the module API that are needed stand here, so that no header of the server is. */

typedef struct Context Context;
typedef struct String String;
typedef int Command(Context *ctx, String **argv, int argc);

static int (*reply_with_long_long)(Context *ctx, long long number);

static int do_nothing(Context *ctx, String **argv, int argc) {
    (void)argv;
    (void)argc;
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
    set_attributes(ctx, "floor", 1, 1);
    return create(ctx, "FLOOR.WRITE", do_nothing, "write deny-oom fast", 1, 1, 1) |
           create(ctx, "FLOOR.READ", do_nothing, "readonly fast", 1, 1, 1);
}
