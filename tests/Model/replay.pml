/* What comes after a dead letter: operators who replay it, perhaps twice at once, dead letters that the broker makes by
   itself, and an inbox that forgets. One message, which dies at its first failure; two processes. */

#define MESSAGES 1
#define EPOCHS 3
#define RETRIES 1
#define SLOTS 2
#define FIRST_SLOTS 1
#define COPIES_ABOVE_TWO 1
#define HOLDS 0
#define LATE_COMMITS 0
#define BROKER_KILLS 1
#ifndef FAULTS
#define FAULTS 2
#endif

#include "common.pml"
#include "consumer.pml"

MAY_HAPPEN(handled_after_a_replay)
MAY_HAPPEN(dead_again_after_a_replay)
MAY_HAPPEN(replay_of_handled_refused)
MAY_HAPPEN(replay_of_older_refused)        /* a later copy is on its way, or dead itself */
MAY_HAPPEN(replay_called_back)
MAY_HAPPEN(attempt_called_back)            /* a scheduled attempt: the message is discarded */
MAY_HAPPEN(older_copy_called_back)         /* its confirm was lost, and the message has moved on */
MAY_HAPPEN(replay_of_unknown_refused)      /* the inbox does not look back so far: perhaps it was handled */

/* DeadLettering/Replayer.cs, ReplaySql.Admit: one transaction, behind the lock of the dead letter's row. */
inline replay(m, e) {
    if
    :: unknown_if_handled[OF(m, e)] -> EVENT(replay_of_unknown_refused)
    :: !unknown_if_handled[OF(m, e)] && done[m] -> EVENT(replay_of_handled_refused)
    :: !unknown_if_handled[OF(m, e)] && !done[m] && (failure[m] == 0 || (failure_epoch[m] <= e && (failure[m] == DEAD || failure[m] == DISCARDED))) ->
       letter[OF(m, e)] = REPLAYED; failure[m] = SCHEDULED; failure_attempts[m] = 0
#ifdef REPLAY_WITHOUT_EPOCH
       failure_epoch[m] = e; outbox[OF(m, e)]++
#else
       failure_epoch[m] = e + 1; outbox[OF(m, e + 1)]++
#endif
       printf("an operator replays the dead letter of message %d, epoch %d\n", m, e)
    :: else -> EVENT(replay_of_older_refused)
    fi
}

/* Outbox/PendingSql.cs, Cancel: the dead letter is what it was, if the copy came from one; else there is one that is
   discarded. The copy may have been sent. */
inline call_back(m, e) {
    outbox[OF(m, e)]--
    if
    :: failure[m] == SCHEDULED && failure_epoch[m] == e && letter[OF(m, e - 1)] == REPLAYED ->
       letter[OF(m, e - 1)] = STORED; failure[m] = DEAD; failure_epoch[m] = e - 1
       EVENT(replay_called_back)
    :: failure[m] == SCHEDULED && failure_epoch[m] == e && letter[OF(m, e - 1)] != REPLAYED ->
       failure[m] = DISCARDED
       if :: letter[OF(m, e)] == 0 -> letter[OF(m, e)] = STORED :: else fi
       EVENT(attempt_called_back)
    :: else -> EVENT(older_copy_called_back)      /* what happens next is another row, or has happened */
    fi
    printf("an operator calls back the copy of message %d, epoch %d\n", m, e)
}

proctype Operator() {
    byte times = 2
end:
    do
    :: atomic { times > 0 && letter[OF(0, 0)] == STORED -> times--; replay(0, 0) }
    :: atomic { times > 0 && letter[OF(0, 1)] == STORED -> times--; replay(0, 1) }
    :: atomic { times > 0 && outbox[OF(0, 1)] > 0 -> times--; call_back(0, 1) }
    :: atomic { times > 0 -> times = 0 }
    od
}

/* Inbox/InboxHousekeeping.cs, InboxSql.RemoveHandled. KeepHandled is far longer than an attempt lasts, so nothing is
   forgotten that was handled while an attempt of its message still runs; a delivery may wait in a queue for longer. */
bool forgets

proctype Housekeeping() {
    byte i
end:
    if
    :: atomic { forgets && done[0] && phase[0] == FREE && phase[1] == FREE ->
           done[0] = false; forgotten[0] = true; printf("the inbox forgets message 0\n")
#ifdef FORGET_WITHOUT_DEAD_LETTERS
           if :: failure[0] == FAILING || failure[0] == SCHEDULED -> no_failure(0) :: else fi
#else
           no_failure(0)
           for (i : 0 .. COPIES - 1) {
               if :: letter[i] == STORED -> letter[i] = 0 :: else fi
           }
           i = 0
#endif
       }
    fi
}

init {
    byte i
    atomic {
        ready[OF(0, 0)] = 1
        if :: forgets = true :: true fi
        run Handler(0); run Handler(1); run Database(); run Monitor(); run Sender(); run Nemesis(); run Operator(); run Housekeeping()
    }
    timeout
    atomic { at_rest(0); all_slots_are_free() }
    if
    :: letter[OF(0, 0)] == REPLAYED && done[0] -> EVENT(handled_after_a_replay)
    :: letter[OF(0, 0)] == REPLAYED && letter[OF(0, 1)] == STORED -> EVENT(dead_again_after_a_replay)
    :: else
    fi
}
