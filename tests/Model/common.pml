/* What the models share: properties, events, faults. How they are read and run: docs/model.md. */

/* A property, by the name that the verifier prints when it does not hold. */
#define CHECK(property, holds) \
    if :: (holds) :: else -> property = true; printf("== VIOLATED property\n"); assert(!property) fi

/* Something that must be able to happen: a model in which it cannot has become trivial. MAY_HAPPEN declares it, EVENT
   is where it happens. The verifier, asked for one by the environment variable EVENT, fails when it gets there. */
#define EVENT(name) \
    if :: c_expr { name } -> printf("== this is the event\n"); assert(false) :: else fi
#define MAY_HAPPEN(name) \
    c_decl { static int name; __attribute__((constructor)) static void ask_##name(void) { name = asked_for(#name); } }

c_decl {
\#include <stdlib.h>
\#include <string.h>
    static int asked_for(const char *name) { const char *event = getenv("EVENT"); return event && !strcmp(event, name); }
}

/* A step takes one of the faults that a run has. */
#define FAULT faults > 0 -> faults--
