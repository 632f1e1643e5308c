/* What both models of the receiving side share: a queue, its dead-letter queue, the tables, processes that handle
   deliveries, and what goes wrong. The including model says how much of each there is:
   MESSAGES, EPOCHS, RETRIES (attempts before a message dies), FAULTS, SLOTS (deliveries at work at a time), of which
   FIRST_SLOTS are in the first process, on one channel, and the other is in the second. And whether a delivery may be
   held for its next attempt (HOLDS), a commit may happen after its client has gone (LATE_COMMITS), and the broker makes
   dead letters by itself (BROKER_KILLS). */

#define OF(m, e) ((m) * EPOCHS + (e))
#define COPIES (MESSAGES * EPOCHS)
#define FIRST_PROCESS(i) (i < FIRST_SLOTS)

bool second_effect          /* a handler's effect is committed twice */
bool message_lost           /* at rest, a message is neither done nor a dead letter that somebody sees */
bool never_settles          /* at rest, something waits that nothing will move: a delivery, a lock, a failure of what is done */

MAY_HAPPEN(duplicate_suppressed)
MAY_HAPPEN(twin_waits)                     /* two deliveries of a message at once: one waits for the other's inbox row */
MAY_HAPPEN(old_epoch_acked)                /* a delivery of an epoch that is over does not run */
MAY_HAPPEN(dead_once_more)                 /* a further copy of a dead letter is rejected without running */
MAY_HAPPEN(dead_letter_merged)             /* the copy from the dead-letter queue is the one that the verdict stored */
MAY_HAPPEN(handled_on_a_lost_channel)      /* the broker took the delivery back while its handler ran */
MAY_HAPPEN(commit_of_unknown_outcome)      /* the commit happens after it was looked for in vain */
MAY_HAPPEN(failed_and_done)                /* another delivery has handled the message while this one failed */

/* ---- The broker: copies of message m in epoch e. */
byte ready[COPIES]
byte dead_queue[COPIES]

/* ---- The tables of the receiver. */
bool done[MESSAGES]                 /* inbox: committed */
byte locked[MESSAGES]               /* inbox: inserted by a transaction that is open; 0, or the slot + 1 */
mtype:state = { FAILING, SCHEDULED, DEAD, DISCARDED }
mtype:state failure[MESSAGES]       /* failure.state; 0 where there is no row */
byte failure_epoch[MESSAGES]
byte failure_attempts[MESSAGES]
bool not_due[MESSAGES]              /* failure.next_attempt_at is in the future */
mtype:letter = { STORED, REPLAYED }
mtype:letter letter[COPIES]         /* dead_letter, visible to an operator while it is not replayed; 0 where there is none */
bool unknown_if_handled[COPIES]     /* dead_letter.error_type says that the inbox did not look back so far */
byte outbox[COPIES]                 /* copies on their way back to the queue; that they arrive is outbox.pml's matter */
bool forgotten[MESSAGES]            /* inbox_horizon: the message was done, and its row was removed */

byte limbo_of, limbo_m      /* a commit that PostgreSQL still works at, without a client */
bool limbo_has_standing

byte effects[MESSAGES]
byte faults = FAULTS

/* ---- Receiving/ConsumerSession.cs: one delivery at work. */
mtype:phase = { FREE, RECEIVED, RUNNING, FAILED, HELD, TO_ACK, TO_REJECT }
mtype:phase phase[SLOTS]
byte message[SLOTS]
byte epoch[SLOTS]
bool has_standing[SLOTS]    /* Inbox/Standing.cs, as it was when the attempt began */
bool waits_for_time[SLOTS]  /* held because its next attempt is not due */
bool too_old[SLOTS]         /* Inbox/Horizon.cs */
bool unsettleable[SLOTS]    /* the broker knows this delivery no more: the channel is gone, or it was acked */
byte oldest                 /* of the first process' slots, the one with the lowest delivery tag */

inline free(i) {
    phase[i] = FREE; message[i] = 0; epoch[i] = 0; has_standing[i] = false; waits_for_time[i] = false; too_old[i] = false; unsettleable[i] = false
}

/* The commit of a handler's transaction: effect, inbox row and what was known of its failures. Inbox/InboxTransaction.cs. */
inline commit(i, m) {
    effects[m]++
    CHECK(second_effect, effects[m] == 1)
    done[m] = true; locked[m] = 0
    if :: has_standing[i] -> no_failure(m) :: else fi
}

inline no_failure(m) { failure[m] = 0; failure_epoch[m] = 0; failure_attempts[m] = 0; not_due[m] = false }

/* Failing/FailureRecorder.cs, Failing/FailureSql.cs: one transaction apart from the handler's. */
inline record(i, m, e) {
    bool counted = true
    if
    :: failure[m] == 0 || failure_epoch[m] < e -> failure[m] = FAILING; failure_epoch[m] = e; failure_attempts[m] = 1
    :: failure[m] != 0 && failure_epoch[m] == e && (failure[m] == FAILING || failure[m] == SCHEDULED) -> failure[m] = FAILING; failure_attempts[m]++
    :: else -> counted = false
    fi
    if
#if HOLDS
    :: counted && !too_old[i] && failure_attempts[m] <= RETRIES -> not_due[m] = true; waits_for_time[i] = true; phase[i] = HELD
       printf("message %d: attempt fails, the delivery is held for the next\n", m)
#endif
    :: counted && !too_old[i] && failure_attempts[m] <= RETRIES && e + 1 < EPOCHS ->
       failure[m] = SCHEDULED; failure_epoch[m] = e + 1; outbox[OF(m, e + 1)]++; phase[i] = TO_ACK
       printf("message %d: attempt fails, the next is scheduled in epoch %d\n", m, e + 1)
    :: counted && (too_old[i] || failure_attempts[m] > RETRIES) ->
       failure[m] = DEAD; not_due[m] = false; phase[i] = TO_REJECT
       if
       :: letter[OF(m, e)] == 0 -> letter[OF(m, e)] = STORED; unknown_if_handled[OF(m, e)] = too_old[i]
       :: else
       fi
       printf("message %d: dead letter of epoch %d\n", m, e)
    :: counted && !too_old[i] ->      /* the handler's own verdict */
       failure[m] = DISCARDED; not_due[m] = false; phase[i] = TO_ACK
       if :: letter[OF(m, e)] == 0 -> letter[OF(m, e)] = STORED :: else fi
       printf("message %d: discarded in epoch %d\n", m, e)
    :: !counted && failure[m] == DEAD && failure_epoch[m] == e -> phase[i] = TO_REJECT        /* FollowAsync */
    :: !counted && !(failure[m] == DEAD && failure_epoch[m] == e) -> phase[i] = TO_ACK
    fi
    counted = false
}

/* Inbox/Horizon.cs: what is not in the inbox may have been in it. That it has failed in this epoch says that it was not. */
#ifdef HORIZON_ONLY_FOR_STRANGERS
#define UNKNOWN(m, e) (forgotten[m] && failure[m] == 0)
#else
#define UNKNOWN(m, e) (forgotten[m] && (failure[m] == 0 || failure_epoch[m] < e))
#endif

/* Inbox/Standing.cs, AdmissionRules.Admit, of a message that is not done. */
inline admit(i, m, e) {
    if
    :: UNKNOWN(m, e) -> too_old[i] = true; phase[i] = FAILED; printf("message %d: too old to know whether it was handled\n", m)
    :: !UNKNOWN(m, e) && failure[m] != 0 && (e < failure_epoch[m] || failure[m] == DISCARDED) ->
       EVENT(old_epoch_acked)
       phase[i] = TO_ACK
    :: !UNKNOWN(m, e) && (failure[m] == 0 || (e > failure_epoch[m] && failure[m] != DISCARDED)) -> runs(i, m, e)
    :: failure[m] == DEAD && e == failure_epoch[m] ->
       EVENT(dead_once_more)
       phase[i] = TO_REJECT
    :: failure[m] == FAILING && e == failure_epoch[m] && not_due[m] -> waits_for_time[i] = true; phase[i] = HELD
    :: ((failure[m] == FAILING && !not_due[m]) || failure[m] == SCHEDULED) && e == failure_epoch[m] -> runs(i, m, e)
    fi
}

inline runs(i, m, e) {
    locked[m] = i + 1; has_standing[i] = (failure[m] != 0); phase[i] = RUNNING
    printf("slot %d: the handler runs for message %d, epoch %d\n", i, m, e)
}

/* A delivery at a time: Receiving/ConsumerSession.cs, Handling/HandlingProcessor.cs. */
proctype Handler(byte me) {
    byte i
    atomic { free(me) }
end:
    do
    :: atomic {
           if
           :: phase[me] == FREE && ready[0] > 0 -> i = 0
           :: phase[me] == FREE && ready[1] > 0 -> i = 1
#if COPIES_ABOVE_TWO
           :: phase[me] == FREE && ready[2] > 0 -> i = 2
#endif
#if COPIES_ABOVE_THREE
           :: phase[me] == FREE && ready[3] > 0 -> i = 3
#endif
           fi
           ready[i]--
           message[me] = i / EPOCHS; epoch[me] = i % EPOCHS; phase[me] = RECEIVED; i = 0
#if FIRST_SLOTS > 1
           if :: FIRST_PROCESS(me) && phase[1 - me] == FREE -> oldest = me :: else fi
#endif
           if :: locked[message[me]] != 0 -> EVENT(twin_waits) :: else fi
           printf("slot %d receives message %d, epoch %d\n", me, message[me], epoch[me])
#ifdef ACK_BEFORE_COMMIT
           unsettleable[me] = true; printf("slot %d acks it at once\n", me)
#endif
       }

#ifdef NO_INBOX
    :: atomic { phase[me] == RECEIVED -> runs(me, message[me], epoch[me]); locked[message[me]] = 0 }
#else
    /* Inbox/InboxEntry.cs, InboxSql.Insert: waits for a transaction that has inserted the same row. */
    :: atomic { phase[me] == RECEIVED && locked[message[me]] == 0 ->
           if
           :: done[message[me]] ->
              EVENT(duplicate_suppressed)
              if
              :: failure[message[me]] == FAILING || failure[message[me]] == SCHEDULED -> no_failure(message[me])
              :: else
              fi
              phase[me] = TO_ACK; printf("slot %d: message %d is done already\n", me, message[me])
           :: !done[message[me]] -> admit(me, message[me], epoch[me])
           fi }
#endif

    /* Inbox/InboxTransaction.cs. */
    :: atomic { phase[me] == RUNNING ->
           if
           :: if :: unsettleable[me] -> EVENT(handled_on_a_lost_channel) :: else fi
              commit(me, message[me]); phase[me] = TO_ACK; printf("slot %d: the effect of message %d is committed\n", me, message[me])
           :: locked[message[me]] = 0; phase[me] = FAILED; printf("slot %d: the handler fails\n", me)
           :: FAULT; commit(me, message[me]); phase[me] = FAILED; printf("slot %d: the effect of message %d is committed, but the answer is lost and nothing can be read\n", me, message[me])
#if LATE_COMMITS
           :: FAULT; limbo_of = me + 1; limbo_m = message[me]; limbo_has_standing = has_standing[me]; phase[me] = FAILED
              printf("slot %d: the line is cut while the database commits, and nothing is found yet\n", me)
#endif
           fi }

#ifdef COUNT_WITHOUT_LOOKING
    :: atomic { phase[me] == FAILED ->
#else
    /* Behind the message's inbox key: whoever is at it is waited for, and what is done has not failed. */
    :: atomic { phase[me] == FAILED && locked[message[me]] == 0 ->
#endif
           if
#ifndef COUNT_WITHOUT_LOOKING
           :: done[message[me]] -> phase[me] = TO_ACK; EVENT(failed_and_done)
           :: !done[message[me]] -> record(me, message[me], epoch[me])
#else
           :: record(me, message[me], epoch[me])
#endif
           fi
           if
           :: true
           :: FAULT; phase[me] = HELD; waits_for_time[me] = false; printf("slot %d: but the answer to that is lost\n", me)
           fi }

    /* Receiving/DeliverySettler.cs, Receiving/SettledPrefix.cs. */
    :: atomic { phase[me] == TO_ACK ->
#ifdef MULTIPLE_ACK
           if
#if FIRST_SLOTS > 1
           :: !unsettleable[me] && FIRST_PROCESS(me) && oldest != me && phase[1 - me] != FREE -> unsettleable[1 - me] = true; printf("slot %d acks all up to its delivery\n", me)
#endif
           :: else -> printf("slot %d acks\n", me)
           fi
#else
           printf("slot %d acks\n", me)
#endif
           free(me) }
    :: atomic { phase[me] == TO_REJECT ->
           if :: !unsettleable[me] -> dead_queue[OF(message[me], epoch[me])]++ :: else fi
           free(me) }
#ifdef GIVE_BACK_AT_ONCE
    :: atomic { phase[me] == HELD ->
#else
    :: atomic { phase[me] == HELD && !(waits_for_time[me] && not_due[message[me]]) ->
#endif
           if :: !unsettleable[me] -> ready[OF(message[me], epoch[me])]++ :: else fi
           printf("slot %d gives message %d back\n", me, message[me])
           free(me) }
    od
}


proctype Database() {
end:
    do
    :: atomic { limbo_of > 0 ->
           if
           :: effects[limbo_m]++; CHECK(second_effect, effects[limbo_m] == 1); done[limbo_m] = true
              if :: limbo_has_standing -> no_failure(limbo_m) :: else fi
              EVENT(commit_of_unknown_outcome)
              printf("the database has committed the effect of message %d after all\n", limbo_m)
           :: printf("the database has rolled back\n")
           fi
           if :: locked[limbo_m] == limbo_of -> locked[limbo_m] = 0 :: else fi
           limbo_of = 0; limbo_m = 0; limbo_has_standing = false }
    :: atomic { not_due[0] -> not_due[0] = false }      /* time passes */
#if MESSAGES > 1
    :: atomic { not_due[1] -> not_due[1] = false }
#endif
    od
}

/* DeadLettering/DeadLetterMonitor.cs, DeadLetterSql.cs. */
inline bury(m, e) {
    if
    :: letter[OF(m, e)] == 0 ->
#ifndef BURY_WITHOUT_HORIZON
       unknown_if_handled[OF(m, e)] = UNKNOWN(m, e)
#endif
       letter[OF(m, e)] = STORED; printf("the dead letter of message %d, epoch %d is stored from the dead-letter queue\n", m, e)
       if
       :: failure[m] == 0 -> failure[m] = DEAD; failure_epoch[m] = e
       :: (failure[m] == FAILING || failure[m] == SCHEDULED) && failure_epoch[m] <= e -> failure[m] = DEAD; not_due[m] = false
       :: else
       fi
    :: else -> EVENT(dead_letter_merged)
    fi
}

proctype Monitor() {
    byte i
end:
    do
    :: atomic {
           if
           :: dead_queue[0] > 0 -> i = 0
           :: dead_queue[1] > 0 -> i = 1
#if COPIES_ABOVE_TWO
           :: dead_queue[2] > 0 -> i = 2
#endif
#if COPIES_ABOVE_THREE
           :: dead_queue[3] > 0 -> i = 3
#endif
           fi
           bury(i / EPOCHS, i % EPOCHS)
           if
           :: dead_queue[i]--
           :: FAULT; printf("the monitor dies before it acks\n")
           fi
           i = 0 }
    od
}

/* The outbox, as far as it matters here: a copy arrives at least once. */
proctype Sender() {
    byte i
end:
    do
    :: atomic {
           if
           :: outbox[0] > 0 -> i = 0
           :: outbox[1] > 0 -> i = 1
#if COPIES_ABOVE_TWO
           :: outbox[2] > 0 -> i = 2
#endif
#if COPIES_ABOVE_THREE
           :: outbox[3] > 0 -> i = 3
#endif
           fi
           ready[i]++
           if
           :: outbox[i]--
           :: FAULT; printf("a copy is sent, and its confirm is lost\n")
           fi
           i = 0 }
    od
}

inline takes_back(i) {
    if
    :: phase[i] != FREE && !unsettleable[i] -> ready[OF(message[i], epoch[i])]++
    :: else
    fi
}

inline dies(i) {
    takes_back(i)
    if :: phase[i] == RUNNING && locked[message[i]] == i + 1 -> locked[message[i]] = 0 :: else fi
    free(i)
}

inline loses_its_channel(i) {
    takes_back(i)
    if :: phase[i] != FREE -> unsettleable[i] = true :: else fi
}

/* Process death and lost channels; what else goes wrong stands where it happens. */
proctype Nemesis() {
    byte i
end:
    do
    :: atomic { FAULT;
           for (i : 0 .. FIRST_SLOTS - 1) { dies(i) }
           i = 0; printf("the first process dies\n") }
    :: atomic { FAULT;
           for (i : 0 .. FIRST_SLOTS - 1) { loses_its_channel(i) }
           i = 0; printf("the first process loses its channel\n") }
#if SLOTS > FIRST_SLOTS
    :: atomic { FAULT; dies(FIRST_SLOTS); printf("the second process dies\n") }
    :: atomic { FAULT; loses_its_channel(FIRST_SLOTS); printf("the second process loses its channel\n") }
#endif
    :: atomic { ready[0] > 0 && FAULT; ready[0]++; printf("message 0 arrives twice\n") }
#if BROKER_KILLS
    :: atomic { ready[0] > 0 && FAULT; ready[0]--; dead_queue[0]++; printf("the broker dead-letters message 0\n") }
    :: atomic { ready[1] > 0 && FAULT; ready[1]--; dead_queue[1]++; printf("the broker dead-letters epoch 1 of message 0\n") }
#endif
    od
}

inline at_rest(m) {
    CHECK(message_lost, done[m] || forgotten[m] || letter[OF(m, 0)] == STORED || letter[OF(m, 1)] == STORED || letter[OF(m, EPOCHS - 1)] == STORED)
    CHECK(never_settles, locked[m] == 0 && !(done[m] && (failure[m] == FAILING || failure[m] == SCHEDULED)))
#if !BROKER_KILLS
    /* A copy that the broker gives up becomes a dead letter while another is being handled. */
    CHECK(never_settles, !(done[m] && failure[m] == DEAD))
#endif
}

inline all_slots_are_free() {
    for (i : 0 .. SLOTS - 1) { CHECK(never_settles, phase[i] == FREE) }
}
