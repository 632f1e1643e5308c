/* Messages of one ordering key, on their way out: two transactions store one message each, two processes send them, an
   operator cancels them or has them sent. Their order is that of the commits. Statements that PostgreSQL runs on a snapshot and that then wait for a row are two
   steps here, the look and the write. */

#include "common.pml"

#define MESSAGES 2
#ifndef FAULTS
#define FAULTS 1
#endif
#ifdef CYCLES               /* the search for endless runs needs twice the states: there an operator takes a fault's place */
#define ACT acts > 0 && FAULT; acts--
#else
#define ACT acts > 0 -> acts--
#endif

bool out_of_order           /* a message arrives first before one that was committed before it */
bool sent_without_confirm
bool sent_after_cancel      /* a message is published that an operator has cancelled */
bool message_lost           /* at rest, a committed message is neither sent nor before an operator, nor behind one that is */

MAY_HAPPEN(stored_while_held)          /* a message is committed while a process holds its key */
MAY_HAPPEN(key_kept_because_asked)     /* the holder finds nothing and keeps the key all the same */
MAY_HAPPEN(key_given_back)             /* it finds nothing, and gives the key back for another look */
MAY_HAPPEN(key_of_the_dead_taken)
MAY_HAPPEN(stale_finish_refused)
MAY_HAPPEN(left_to_its_key)            /* a message that nobody handed over is found by its own lease */
MAY_HAPPEN(arrived_twice)
MAY_HAPPEN(returned_and_kept)
MAY_HAPPEN(waits_behind_another)       /* one that is before an operator holds back the next */
MAY_HAPPEN(cancelled_and_goes_on)      /* it is cancelled, and the next is sent */
MAY_HAPPEN(sent_by_an_operator)

/* ---- outbox: Outbox/OutboxSql.cs, InsertWithOptions. */
mtype:row = { NO_ROW, OPEN, PENDING, SENT, CANCELLED }
mtype:row row[MESSAGES]
bool failed[MESSAGES]       /* failed_at: it waits for an operator */
byte sequence[MESSAGES]
bool leased[MESSAGES]       /* by the process that stored it */
bool left[MESSAGES]         /* available_at = infinity: its key is what finds it */
byte next_sequence = 1
byte key_lock               /* pg_advisory_xact_lock: 0, or the transaction + 1 */

/* ---- outbox_key: Outbox/KeySql.cs. */
bool key_exists, key_leased, asked
bool key_waits              /* available_at = infinity: with its first message for an operator */
byte holder

/* ---- A process: Dispatching/KeyIntake.cs, KeyRuns.cs. */
#define NONE MESSAGES
#define NOTHING 0
#define NEXT 1
#define FAILED 2            /* the first message waits for an operator */
mtype:step = { IDLE, CLOSING, RENEWING, RENEWING_2, READING, READY, IN_FLIGHT, CONFIRMED, LOST }
typedef Node {
    mtype:step step         /* of its run */
    bool has_token          /* the token that it got is still the key's */
    byte found              /* what the last look found */
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
#define FIRST_FAILED (row[0] == PENDING && failed[0] && (row[1] != PENDING || sequence[0] < sequence[1]) || row[1] == PENDING && failed[1] && (row[0] != PENDING || sequence[1] < sequence[0]))

inline looks(me) {
    if
    :: FIRST_FAILED -> n[me].found = FAILED
    :: !FIRST_FAILED && ANY_PENDING -> n[me].found = NEXT
    :: !ANY_PENDING -> n[me].found = NOTHING
    fi
}

/* KeySql.Enroll, with the right to claim. */
inline enroll(me) {
    if
    :: ANY_PENDING && !key_exists -> key_exists = true; asked = false; take(me); printf("process %d enters the key and holds it\n", me)
    :: ANY_PENDING && key_exists && !key_leased && !key_waits -> asked = true; take(me); printf("process %d takes the key\n", me)
    :: ANY_PENDING && key_exists && (key_leased || key_waits) -> asked = true; printf("process %d asks for the key\n", me)
    :: else
    fi
}

inline take(me) {
    if :: key_exists && holder != 0 && holder != me -> EVENT(key_of_the_dead_taken) :: else fi
    holder = me; key_leased = true
    n[1].has_token = false; n[2].has_token = false; n[me].has_token = true; n[me].step = CLOSING; n[me].asked_for = false
}

inline ends(me) {
    n[me].step = IDLE; n[me].current = NONE; n[me].following = NONE; n[me].found = NOTHING; n[me].has_token = false
    if :: n[me].asked_for -> n[me].handed_over = true :: else fi
    n[me].asked_for = false
}

#define MAY_PRECEDE(m, other) (row[other] == NO_ROW || place[other] == 0 || place[other] >= place[m] || arrived[other] > 0 || row[other] == CANCELLED)

inline arrives(m) {
    if
    :: arrived[m] == 0 ->
       CHECK(out_of_order, MAY_PRECEDE(m, 0) && MAY_PRECEDE(m, 1))
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
    :: atomic { key_exists && !key_leased && !key_waits && n[me].step == IDLE -> take(me); printf("process %d claims the key\n", me) }

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
           if :: row[n[me].claimed] == PENDING -> left[n[me].claimed] = true; leased[n[me].claimed] = false :: else fi
           EVENT(left_to_its_key)
           printf("process %d leaves message %d to its key\n", me, n[me].claimed)
           n[me].claimed = NONE; n[me].entered = false }

    /* KeySql.Close: the look, and the removal, which sees what has been asked but not what has been stored since. */
    :: atomic { n[me].step == CLOSING -> looks(me); n[me].step = RENEWING }
    :: atomic { n[me].step == RENEWING ->
           if
           :: n[me].found == NOTHING && n[me].has_token && !asked -> key_exists = false; key_leased = false; key_waits = false; asked = false; holder = 0; printf("process %d removes the key\n", me); ends(me)
           :: else ->
              if :: n[me].found == NOTHING && n[me].has_token && asked -> EVENT(key_kept_because_asked) :: else fi
              /* KeySql.Renew, its look. */
              looks(me); n[me].step = RENEWING_2
           fi }
    :: atomic { n[me].step == RENEWING_2 ->
           if
           :: n[me].has_token ->
              asked = false; key_leased = (n[me].found == NEXT); key_waits = (n[me].found == FAILED)
              if :: n[me].found != NEXT -> holder = 0 :: else fi
              if :: n[me].found == NOTHING -> EVENT(key_given_back) :: else fi
           :: else
           fi
           n[me].found = NOTHING; n[me].step = READING }

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
           :: HOLDS(me) -> CHECK(sent_after_cancel, row[n[me].current] != CANCELLED); n[me].step = IN_FLIGHT; printf("process %d publishes message %d\n", me, n[me].current)
           :: !HOLDS(me) -> n[me].step = LOST
           fi
           if :: n[me].step == READY -> skip :: else fi }

    /* The broker. */
    :: atomic { n[me].step == IN_FLIGHT -> arrives(n[me].current); n[me].step = CONFIRMED }
    :: atomic { n[me].step == IN_FLIGHT && FAULT; n[me].step = LOST; printf("the connection of process %d is lost\n", me)
           if :: arrives(n[me].current) :: true fi }

    /* Returned or refused. KeySql.Fail: the key waits for the next attempt, whose time is not modelled, so that KeySql.Hurry
       has nothing to do here; or it waits with the message for an operator. */
    :: atomic { n[me].step == IN_FLIGHT && FAULT; EVENT(returned_and_kept)
           if
           :: n[me].has_token && row[n[me].current] == PENDING ->
              key_leased = false; holder = 0; printf("message %d comes back to process %d\n", n[me].current, me)
              if
              :: true
              :: failed[n[me].current] = true; key_waits = true; printf("and waits for an operator\n")
              fi
           :: else
           fi
           ends(me) }

    /* KeySql.Finish, KeyRuns.Finished. */
    :: atomic { n[me].step == CONFIRMED ->
           if
           :: n[me].has_token ->
              CHECK(sent_without_confirm, arrived[n[me].current] > 0)
              if :: n[me].current == 1 && row[0] == CANCELLED -> EVENT(cancelled_and_goes_on) :: else fi
              if :: row[n[me].current] == PENDING -> row[n[me].current] = SENT; left[n[me].current] = false; leased[n[me].current] = false :: else fi
              printf("process %d finishes message %d\n", me, n[me].current)
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

/* Outbox/PendingSql.cs: EnterKeys, LockKeys, LockRows, what is to be done, OfferKeys. One step, because from LockKeys to the
   commit nobody else writes the key, and the rows of a key that nobody holds are only read. */
proctype Operator() {
    byte m, acts = 1
end:
    do
    :: atomic { ANY_PENDING && !(key_exists && key_leased) && ACT
           if :: row[0] == PENDING -> m = 0 :: row[1] == PENDING -> m = 1 fi
           if
           :: row[m] = CANCELLED; failed[m] = false; left[m] = false; leased[m] = false; printf("an operator cancels message %d\n", m)
           :: failed[m] -> failed[m] = false; left[m] = true; leased[m] = false; printf("an operator has message %d sent\n", m); EVENT(sent_by_an_operator)
           :: !failed[m] -> left[m] = true; leased[m] = false; printf("an operator has message %d sent, which waits for nothing\n", m)
           fi
           if :: !key_exists -> asked = false; holder = 0; n[1].has_token = false; n[2].has_token = false :: else fi
           key_exists = true; key_leased = false; key_waits = false
#ifndef OFFER_WITH_ITS_OLD_TOKEN
           holder = 0; n[1].has_token = false; n[2].has_token = false
#endif
           m = 0 }
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

#define SETTLED(m) (row[m] == SENT || row[m] == CANCELLED || (row[m] == PENDING && failed[m]))
#define BEHIND(m, first) (row[m] == PENDING && row[first] == PENDING && failed[first] && sequence[first] < sequence[m])

init {
    row[0] = NO_ROW; row[1] = NO_ROW
    atomic { run Business(0); run Business(1); run Sender(1); run Sender(2); run Clock(); run Operator() }
    timeout
    if :: BEHIND(0, 1) || BEHIND(1, 0) -> EVENT(waits_behind_another) :: else fi
    CHECK(message_lost, (SETTLED(0) || BEHIND(0, 1)) && (SETTLED(1) || BEHIND(1, 0)))
}
