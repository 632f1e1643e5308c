/* From the queue to the effect: a message, two processes that handle deliveries of it, the inbox, failures with a held
   and a scheduled retry, dead letters and their monitor. */

#define MESSAGES 1
#define EPOCHS 2
#define RETRIES 1
#define SLOTS 2
#define FIRST_SLOTS 1
#define HOLDS 1
#define LATE_COMMITS 1
#define BROKER_KILLS 0
#ifndef FAULTS
#define FAULTS 4
#endif

#include "common.pml"
#include "consumer.pml"

init {
    byte i
    atomic {
        ready[OF(0, 0)] = 1
        run Handler(0); run Handler(1); run Database(); run Monitor(); run Sender(); run Nemesis()
    }
    timeout
    atomic { at_rest(0); all_slots_are_free() }
}
