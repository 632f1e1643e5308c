/* From AddMessage to "sent": a service stores a message, two processes of it send the rows of its outbox, the broker
   takes, returns or refuses what they publish, or the connection is lost. Every step is what the code does in one go (a
   statement, a publish, what it does in memory between two of them); a process can die between any two. */

#include "common.pml"

#define NODES 2
#ifndef FAULTS
#define FAULTS 4
#endif
#define MAX_ATTEMPTS 2      /* OutboxOptions.MaxUndeliverableAttempts: after so many the row waits for an operator */

/* The properties. */
bool sent_without_confirm   /* a row is finished although the message reached no queue */
bool never_committed        /* a message arrives whose transaction did not commit */
bool sent_after_cancel      /* a message is published that an operator has cancelled */
bool message_lost           /* all has come to rest, and a committed message is neither sent nor before an operator */

MAY_HAPPEN(rolled_back_is_not_found)     /* the ids of a transaction that was rolled back are looked for in vain */
MAY_HAPPEN(handed_over_before_commit)    /* the ids come before the commit, and are looked for again */
MAY_HAPPEN(left_by_the_dead_and_taken)   /* a row of a dead process is claimed by another */
MAY_HAPPEN(stale_finish_refused)         /* the fencing token refuses a confirm that comes too late */
MAY_HAPPEN(stale_failure_refused)
MAY_HAPPEN(not_used_after_its_lease)     /* half of the lease passed before the row could be published */
MAY_HAPPEN(confirm_lost)                 /* the message is in its queue, and nobody was told */
MAY_HAPPEN(returned_and_kept)
MAY_HAPPEN(sent_at_the_second_attempt)
MAY_HAPPEN(waits_for_an_operator)
MAY_HAPPEN(arrived_twice)
MAY_HAPPEN(cancelled_unsent)
MAY_HAPPEN(cancelled_on_its_way)         /* nobody works at the row any more, but what was published arrives */
MAY_HAPPEN(sent_by_an_operator)          /* one that waited for an operator */

/* ---- The database: one row. Outbox/OutboxSql.cs names the statements.
   A row is visible to others when its transaction has committed. "leased" is available_at in the future because
   somebody holds it; the time of a next attempt is not modelled: it may be at once. */
mtype:row = { NO_ROW, OPEN, PENDING, FAILED, SENT, CANCELLED }
mtype:row row = NO_ROW
byte owner                  /* column node: 0 for nobody, else the process */
byte fence
bool leased
byte over                   /* leases with a lower fence have ended by their time, which a holder's own clock tells, too */
byte attempts
bool sent_now               /* an operator has had it sent */

/* ---- Broker/PublishChannel.cs, Broker/ConfirmWindow.cs: what one process's publish has come to. */
mtype:net = { QUIET, PUBLISHED, RETURNED, ACKED, ACKED_RETURNED, NACKED }

/* ---- Dispatching/OutboxDispatcher.cs: what one process has in memory. */
mtype:step = { IDLE, HELD, IN_FLIGHT, RECORDING }
mtype:outcome = { NONE, LOST, BACK, CONFIRMED }
typedef Node {
    mtype:step step
    byte fence              /* of the row as it was read */
    bool returned           /* Broker/ConfirmWindow.cs: a return precedes its ack */
    mtype:outcome outcome
    mtype:net net
    byte adrift             /* published on a connection that is gone: arrives later, or never */
}
Node n[NODES + 1]

bool handed_over            /* Storage/ServiceDatabase.HandedOver of process 1, which stored the row */
bool first_is_dead          /* the process that stored the row: nobody hands over for it any more */
bool committed
byte arrived                /* copies in the queue */
byte faults = FAULTS

/* The transaction of the business: Outbox/OutboxInterceptor.cs, Outbox/StagedMessages.cs, Outbox/TransactionOutbox.cs. */
active proctype Business() {
    atomic { row = OPEN; owner = 1; fence = 0; leased = true; printf("stored by process 1, in a transaction that is open\n") }
    if
    :: atomic { !first_is_dead -> handed_over = true; printf("its id is handed over, though the transaction is still open\n") }      /* IOutbox: nobody is told of the commit */
    :: skip
    fi
#ifdef OPEN_FOR_EVER
    false       /* nobody bounds it */
#endif
    if
    :: atomic { row = NO_ROW; owner = 0; leased = false; printf("rolled back\n") }
    :: atomic { row = PENDING; committed = true; printf("committed\n") }
       if
       :: atomic { !first_is_dead -> handed_over = true; printf("its id is handed over\n") }
       :: skip   /* the answer to the commit was lost, or the queue of ids was full */
       fi
    fi
}

/* OutcomeRecorder.RecordAsync: a statement whose answer was lost is run again. */
inline recorded() {
    if
    :: n[me].step = IDLE; n[me].outcome = NONE; n[me].fence = 0
    :: FAULT; printf("but the answer of the database is lost\n")
    fi
}

/* A process that sends. */
proctype Sender(byte me) {
    atomic { n[me].step = IDLE; n[me].outcome = NONE; n[me].net = QUIET }
end:
    do
    /* OutboxIntake.TakeHandedOverAsync, OutboxSql.ReadHeld: ids are looked up before they are published. */
    :: atomic { me == 1 && handed_over && n[me].step == IDLE && row != OPEN ->
#ifdef NO_CHECK
           handed_over = false; n[me].step = HELD; n[me].fence = 0; printf("process 1 takes the row without looking\n")
#else
           handed_over = false
           if
           :: row == PENDING && owner == me && fence == 0 ->
              if
              :: leased
              :: !leased -> leased = true; fence++      /* OutboxSql.Renew */
              fi
              n[me].step = HELD; n[me].fence = fence; printf("process 1 reads the row that was handed over\n")
           :: else ->
              if :: !committed -> EVENT(rolled_back_is_not_found) :: else fi
           fi
#endif
       }
    :: atomic { me == 1 && handed_over && n[me].step == IDLE && row == OPEN ->      /* OpenHandOvers.cs: not there yet, and looked for again */
#ifdef NO_CHECK
           handed_over = false; n[me].step = HELD; n[me].fence = 0; printf("process 1 takes the row without looking\n")
#else
           EVENT(handed_over_before_commit)
           row != OPEN
#endif
       }

    /* OutboxSql.Claim: what is due, whoever left it. */
    :: atomic { n[me].step == IDLE && row == PENDING && !leased ->
           if :: owner != 0 && owner != me -> EVENT(left_by_the_dead_and_taken) :: else fi
           fence++; owner = me; leased = true
           n[me].step = HELD; n[me].fence = fence; printf("process %d claims the row with fence %d\n", me, fence) }

    /* HeldRow.IsUsable, half of the lease by its own clock, and PublishChannel.PublishAsync, mandatory. One step: a process
       that stands still between the two sends what somebody may have cancelled meanwhile. */
    :: atomic { n[me].step == HELD ->
           if
#ifdef NO_FENCING
           :: true ->
#else
           :: n[me].fence < over -> EVENT(not_used_after_its_lease); n[me].step = RECORDING; n[me].outcome = LOST
           :: n[me].fence >= over ->
#endif
              CHECK(sent_after_cancel, row != CANCELLED)
              n[me].net = PUBLISHED; n[me].returned = false; n[me].step = IN_FLIGHT; printf("process %d publishes\n", me)
#ifdef MARK_BEFORE_CONFIRM
              n[me].step = RECORDING; n[me].outcome = CONFIRMED
#endif
           fi }

    :: atomic { n[me].step == IN_FLIGHT && n[me].net == RETURNED -> n[me].returned = true; n[me].net = ACKED_RETURNED }
    :: atomic { n[me].step == IN_FLIGHT && (n[me].net == ACKED || n[me].net == ACKED_RETURNED || n[me].net == NACKED) ->      /* ConfirmWindow.Complete */
           if
           :: n[me].net == NACKED || n[me].returned -> n[me].outcome = BACK
           :: else -> n[me].outcome = CONFIRMED
           fi
           n[me].net = QUIET; n[me].returned = false; n[me].step = RECORDING }

    /* OutcomeRecorder.cs: each of its statements names the fence. */
#ifdef GIVE_BACK_WITHOUT_FENCE
#define HOLDS true
#else
#define HOLDS (fence == n[me].fence)
#endif
    :: atomic { n[me].step == RECORDING && n[me].outcome == CONFIRMED ->      /* OutboxSql.Finish */
           if
#ifdef NO_FENCING
           :: row == PENDING || row == FAILED ->
#else
           :: (row == PENDING || row == FAILED) && fence == n[me].fence ->
#endif
              CHECK(sent_without_confirm, arrived > 0)
              if :: attempts > 0 -> EVENT(sent_at_the_second_attempt) :: else fi
              if :: sent_now -> EVENT(sent_by_an_operator) :: else fi
              row = SENT; owner = 0; leased = false; printf("process %d finishes the row as sent\n", me)
           :: else ->
              if :: fence != n[me].fence -> EVENT(stale_finish_refused) :: else fi
           fi
           recorded() }
    :: atomic { n[me].step == RECORDING && n[me].outcome == BACK ->           /* OutboxSql.Fail */
           if
           :: (row == PENDING || row == FAILED) && HOLDS ->
              attempts++; leased = false; owner = 0; printf("process %d keeps the row, with the reason\n", me)
              if
              :: attempts >= MAX_ATTEMPTS -> row = FAILED; EVENT(waits_for_an_operator)
              :: else
              fi
           :: else ->
              if :: fence != n[me].fence -> EVENT(stale_failure_refused) :: else fi
           fi
           recorded() }
    :: atomic { n[me].step == RECORDING && n[me].outcome == LOST ->           /* OutboxSql.Release */
           if
           :: (row == PENDING || row == FAILED) && HOLDS ->
              leased = false; owner = 0; printf("process %d gives the row back\n", me)
           :: else
           fi
           recorded() }

    /* The connection is lost, or no confirm came in time: what was published may arrive all the same. */
    :: atomic { n[me].step == IN_FLIGHT && FAULT;
           if :: n[me].net == ACKED -> EVENT(confirm_lost) :: n[me].net == PUBLISHED -> n[me].adrift++ :: else fi
           n[me].net = QUIET; n[me].step = RECORDING; printf("process %d loses its connection\n", me)
           if
           :: n[me].returned -> n[me].outcome = BACK     /* a return is final news even if its ack was lost */
           :: else -> n[me].outcome = LOST
           :: !n[me].returned -> n[me].outcome = BACK    /* a timed-out confirm counts as an attempt: ChannelWatch.cs */
           fi
           n[me].returned = false }

    /* It dies, and its successor knows nothing. */
    :: atomic { (n[me].step != IDLE || (me == 1 && (handed_over || row == OPEN))) && FAULT;
           if :: n[me].net == PUBLISHED -> n[me].adrift++ :: else fi
           n[me].step = IDLE; n[me].net = QUIET; n[me].returned = false; n[me].outcome = NONE; n[me].fence = 0
           if :: me == 1 -> handed_over = false; first_is_dead = true :: else fi
           printf("process %d dies and starts anew\n", me) }
    od
}

inline arrives() {
    CHECK(never_committed, committed)
    if :: arrived < 2 -> arrived++ :: else fi
    if :: arrived == 2 -> EVENT(arrived_twice) :: else fi
    printf("the message is in its queue\n")
}

proctype Broker(byte from) {
end:
    do
    :: atomic { n[from].net == PUBLISHED -> arrives(); n[from].net = ACKED; printf("confirmed to process %d\n", from) }
    :: atomic { n[from].net == PUBLISHED && FAULT;            /* no queue is bound */
#ifdef NO_MANDATORY
           n[from].net = ACKED; printf("confirmed to process %d, and thrown away\n", from)
#else
           n[from].net = RETURNED; printf("returned to process %d\n", from); EVENT(returned_and_kept)
#endif
       }
    :: atomic { n[from].net == PUBLISHED && FAULT; n[from].net = NACKED; printf("refused to process %d\n", from) }
    :: atomic { n[from].adrift > 0 -> n[from].adrift--
           if :: arrives() :: printf("what was published on a lost connection is gone\n") fi }
    od
}

/* The database's clock: a lease ends when nobody works behind it any more, or when its holder is stopped for so long. */
proctype Clock() {
end:
    do
    :: atomic { row == PENDING && leased && !(owner == 1 && handed_over) && !(n[owner].step != IDLE && n[owner].fence == fence) ->
           leased = false; over = fence + 1; printf("the lease ends\n") }
    :: atomic { row == PENDING && leased && FAULT; leased = false; over = fence + 1; printf("the lease ends while its holder stands still\n") }
    od
}

/* Outbox/PendingSql.cs: an operator acts on a row that nobody holds, and only once here. */
proctype Operator() {
end:
    if
    :: atomic { (row == PENDING || row == FAILED) && !leased ->
           if :: arrived == 0 && n[1].adrift == 0 && n[2].adrift == 0 && n[1].net == QUIET && n[2].net == QUIET -> EVENT(cancelled_unsent) :: else -> EVENT(cancelled_on_its_way) fi
           row = CANCELLED; owner = 0; printf("an operator cancels the message\n") }
    :: atomic { row == FAILED -> row = PENDING; attempts = 0; owner = 0; sent_now = true; printf("an operator has the message sent\n") }
    fi
}

init {
    atomic { run Sender(1); run Sender(2); run Broker(1); run Broker(2); run Clock(); run Operator() }
    timeout
    CHECK(message_lost, !committed || row == SENT || row == FAILED || row == CANCELLED)
}
