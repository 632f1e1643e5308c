/* Messages of one ordering key, on their way out: two transactions store one message each, two processes send them.
   Their order is that of the commits. Statements that PostgreSQL runs on a snapshot and that then wait for a row are two
   steps here, the look and the write. */

#include "common.pml"

#define MESSAGES 2
#ifndef FAULTS
#define FAULTS 1
#endif

bool out_of_order           /* a message arrives first before one that was committed before it */
bool sent_without_confirm
bool message_lost           /* at rest, a committed message is not sent */

MAY_HAPPEN(stored_while_held)          /* a message is committed while a process holds its key */
MAY_HAPPEN(key_kept_because_asked)     /* the holder finds nothing and keeps the key all the same */
MAY_HAPPEN(key_given_back)             /* it finds nothing, and gives the key back for another look */
MAY_HAPPEN(key_of_the_dead_taken)
MAY_HAPPEN(stale_finish_refused)
MAY_HAPPEN(left_to_its_key)            /* a message that nobody handed over is found by its own lease */
MAY_HAPPEN(arrived_twice)

/* ---- outbox: Outbox/OutboxSql.cs, InsertWithOptions. */
mtype:row = { NO_ROW, OPEN, PENDING, SENT }
mtype:row row[MESSAGES]
byte sequence[MESSAGES]
bool leased[MESSAGES]       /* by the process that stored it */
bool left[MESSAGES]         /* available_at = infinity: its key is what finds it */
byte next_sequence = 1
byte key_lock               /* pg_advisory_xact_lock: 0, or the transaction + 1 */

/* ---- outbox_key: Outbox/KeySql.cs. */
bool key_exists, key_leased, asked
byte holder

/* ---- A process: Dispatching/KeyIntake.cs, KeyRuns.cs. */
#define NONE MESSAGES
mtype:step = { IDLE, CLOSING, RENEWING, RENEWING_2, READING, READY, IN_FLIGHT, CONFIRMED, LOST }
typedef Node {
    mtype:step step         /* of its run */
    bool has_token          /* the token that it got is still the key's */
    bool found              /* what the last look found */
    byte current, following
    bool asked_for          /* KeyRuns.IsAskedFor */
    bool handed_over        /* the key waits in ServiceDatabase.HandedOver */
    byte claimed            /* a row claimed by itself, about to be left to its key */
    bool entered
}
Node n[3]

byte commits                /* how many have committed */
byte place[MESSAGES]        /* of each, from 1 */
byte arrived[MESSAGES]
bool dead[3]                /* has died since it stored: nobody hands over for it */
byte faults = FAULTS

/* Outbox/OutboxInterceptor.cs: two transactions of the business, in different processes. */
proctype Business(byte m) {
    m == 0 || row[0] != NO_ROW      /* one of them is the first to get a number: call it message 0 */
#ifdef NO_KEY_LOCK
    atomic { sequence[m] = next_sequence; next_sequence++; row[m] = OPEN; leased[m] = true; printf("message %d gets its number\n", m) }
#else
    atomic { key_lock == 0 -> key_lock = m + 1 }
    atomic { sequence[m] = next_sequence; next_sequence++; row[m] = OPEN; leased[m] = true; printf("message %d gets its number\n", m) }
#endif
    atomic { row[m] = PENDING; commits++; place[m] = commits; printf("message %d is committed\n", m)
        if :: key_lock == m + 1 -> key_lock = 0 :: else fi
        if :: key_leased -> EVENT(stored_while_held) :: else fi }
    if
    :: atomic { !dead[m + 1] -> n[m + 1].handed_over = true }
    :: true
    fi
}

inline first_pending(found) {
    found = NONE
    if
    :: row[0] == PENDING && (row[1] != PENDING || sequence[0] < sequence[1]) -> found = 0
    :: row[1] == PENDING && (row[0] != PENDING || sequence[1] < sequence[0]) -> found = 1
    :: else
    fi
}

#define ANY_PENDING (row[0] == PENDING || row[1] == PENDING)

/* KeySql.Enroll, with the right to claim. */
inline enroll(me) {
    if
    :: ANY_PENDING && !key_exists -> key_exists = true; asked = false; take(me); printf("process %d enters the key and holds it\n", me)
    :: ANY_PENDING && key_exists && !key_leased -> asked = true; take(me); printf("process %d takes the key\n", me)
    :: ANY_PENDING && key_exists && key_leased -> asked = true; printf("process %d asks for the key\n", me)
    :: else
    fi
}

inline take(me) {
    if :: key_exists && holder != 0 && holder != me -> EVENT(key_of_the_dead_taken) :: else fi
    holder = me; key_leased = true
    n[1].has_token = false; n[2].has_token = false; n[me].has_token = true; n[me].step = CLOSING; n[me].asked_for = false
}

inline ends(me) {
    n[me].step = IDLE; n[me].current = NONE; n[me].following = NONE; n[me].found = false; n[me].has_token = false
    if :: n[me].asked_for -> n[me].handed_over = true :: else fi
    n[me].asked_for = false
}

inline arrives(m) {
    if
    :: arrived[m] == 0 ->
       CHECK(out_of_order, (row[0] == NO_ROW || place[0] == 0 || place[0] >= place[m] || arrived[0] > 0) && (row[1] == NO_ROW || place[1] == 0 || place[1] >= place[m] || arrived[1] > 0))
       arrived[m] = 1
    :: else -> EVENT(arrived_twice)
    fi
    printf("message %d is in its queue\n", m)
}

/* What was known of a run whose lease has passed is forgotten: KeyRuns.Forget. */
inline drop(me) { n[me].asked_for = false; ends(me) }

#define HOLDS(me) (n[me].step != IDLE && n[me].has_token && key_leased)

proctype Sender(byte me) {
    byte m
    atomic { n[me].step = IDLE; n[me].current = NONE; n[me].following = NONE; n[me].claimed = NONE; m = NONE }
end:
    do
    /* KeyIntake.TakeAsync: a key that it holds already is only noted, and looked at again when the run ends. */
    :: atomic { n[me].handed_over ->
           n[me].handed_over = false
           if
           :: HOLDS(me) -> n[me].asked_for = true
           :: !HOLDS(me) -> drop(me); enroll(me)
           fi }

    /* KeySql.ClaimDue. */
    :: atomic { key_exists && !key_leased && n[me].step == IDLE -> take(me); printf("process %d claims the key\n", me) }

    /* OutboxSql.Claim, KeyIntake.TakeRowsAsync: a row whose own lease has ended. It enters the key, then leaves the row to it. */
    :: atomic { n[me].claimed == NONE && ((row[0] == PENDING && !leased[0] && !left[0]) || (row[1] == PENDING && !leased[1] && !left[1])) ->
           if
           :: row[0] == PENDING && !leased[0] && !left[0] -> m = 0
           :: row[1] == PENDING && !leased[1] && !left[1] -> m = 1
           fi
           leased[m] = true; n[me].claimed = m; n[me].entered = false; m = NONE; printf("process %d finds message %d by its own lease\n", me, n[me].claimed) }
    :: atomic { n[me].claimed != NONE && !n[me].entered ->
           n[me].entered = true
           if
#ifdef ASK_IN_MEMORY_ONLY
           :: HOLDS(me) -> n[me].asked_for = true
           :: !HOLDS(me) -> drop(me); enroll(me)
#else
           :: HOLDS(me) -> asked = true; n[me].asked_for = true
           :: !HOLDS(me) -> drop(me); enroll(me)
#endif
           fi }
    :: atomic { n[me].claimed != NONE && n[me].entered ->
           left[n[me].claimed] = true; leased[n[me].claimed] = false; EVENT(left_to_its_key)
           printf("process %d leaves message %d to its key\n", me, n[me].claimed)
           n[me].claimed = NONE; n[me].entered = false }

    /* KeySql.Close: the look, and the removal, which sees what has been asked but not what has been stored since. */
    :: atomic { n[me].step == CLOSING -> n[me].found = ANY_PENDING; n[me].step = RENEWING }
    :: atomic { n[me].step == RENEWING ->
           if
           :: !n[me].found && n[me].has_token && !asked -> key_exists = false; key_leased = false; asked = false; holder = 0; printf("process %d removes the key\n", me); ends(me)
           :: else ->
              if :: !n[me].found && n[me].has_token && asked -> EVENT(key_kept_because_asked) :: else fi
              /* KeySql.Renew, its look. */
              n[me].found = ANY_PENDING; n[me].step = RENEWING_2
           fi }
    :: atomic { n[me].step == RENEWING_2 ->
           if
           :: n[me].has_token ->
              asked = false; key_leased = n[me].found
              if :: !n[me].found -> holder = 0; EVENT(key_given_back) :: else fi
           :: else
           fi
           n[me].step = READING }

    /* KeySql.Read. */
    :: atomic { n[me].step == READING ->
           if
           :: n[me].has_token && holder == me && ANY_PENDING ->
              first_pending(n[me].current)
              if
              :: n[me].current == 0 && row[1] == PENDING -> n[me].following = 1
              :: n[me].current == 1 && row[0] == PENDING -> n[me].following = 0
              :: else -> n[me].following = NONE
              fi
              n[me].step = READY
           :: else -> ends(me)
           fi }

    :: atomic { n[me].step == READY ->
           if
           :: HOLDS(me) -> n[me].step = IN_FLIGHT; printf("process %d publishes message %d\n", me, n[me].current)
           :: !HOLDS(me) -> n[me].step = LOST
           fi
           if :: n[me].step == READY -> skip :: else fi }

    /* The broker. */
    :: atomic { n[me].step == IN_FLIGHT -> arrives(n[me].current); n[me].step = CONFIRMED }
    :: atomic { n[me].step == IN_FLIGHT && FAULT; n[me].step = LOST; printf("the connection of process %d is lost\n", me)
           if :: arrives(n[me].current) :: true fi }

    /* KeySql.Finish, KeyRuns.Finished. */
    :: atomic { n[me].step == CONFIRMED ->
           if
           :: n[me].has_token ->
              CHECK(sent_without_confirm, arrived[n[me].current] > 0)
              row[n[me].current] = SENT; printf("process %d finishes message %d\n", me, n[me].current)
              if
              :: n[me].following != NONE -> n[me].current = n[me].following; n[me].following = NONE; n[me].step = READY
              :: else -> n[me].current = NONE; n[me].step = CLOSING
              fi
           :: else -> EVENT(stale_finish_refused)
              ends(me)
           fi }
    /* KeySql.Release. */
    :: atomic { n[me].step == LOST ->
           if :: n[me].has_token -> key_leased = false; holder = 0 :: else fi
           ends(me) }

    :: atomic { (n[me].step != IDLE || n[me].handed_over || n[me].claimed != NONE || row[me - 1] == OPEN) && FAULT;
           if :: n[me].step == IN_FLIGHT -> if :: arrives(n[me].current) :: true fi :: else fi
           n[me].asked_for = false; ends(me); n[me].handed_over = false; n[me].claimed = NONE; n[me].entered = false
           dead[me] = true; printf("process %d dies and starts anew\n", me) }
    od
}

/* The database's clock. */
#define AT_WORK(m) ((m + 1 <= 2 && n[m + 1].handed_over) || n[1].claimed == m || n[2].claimed == m)
proctype Clock() {
end:
    do
    :: atomic { key_exists && key_leased && !(n[holder].step != IDLE && n[holder].has_token) -> key_leased = false; printf("the lease of the key ends\n") }
    :: atomic { key_exists && key_leased && FAULT; key_leased = false; printf("the lease of the key ends while its holder stands still\n") }
    :: atomic { row[0] == PENDING && leased[0] && !AT_WORK(0) -> leased[0] = false }
    :: atomic { row[1] == PENDING && leased[1] && !AT_WORK(1) -> leased[1] = false }
    od
}

init {
    row[0] = NO_ROW; row[1] = NO_ROW
    atomic { run Business(0); run Business(1); run Sender(1); run Sender(2); run Clock() }
    timeout
    CHECK(message_lost, row[0] == SENT && row[1] == SENT)
}
