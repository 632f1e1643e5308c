/* Two messages on one channel: what becomes of one must not settle the other. As delivery.pml, but one process that
   handles two deliveries at a time. */

#define MESSAGES 2
#define EPOCHS 2
#define RETRIES 1
#define SLOTS 2
#define FIRST_SLOTS 2
#define COPIES_ABOVE_TWO 1
#define COPIES_ABOVE_THREE 1
#define HOLDS 1
#define LATE_COMMITS 0
#define BROKER_KILLS 0
#ifndef FAULTS
#define FAULTS 1
#endif

#include "common.pml"
#include "consumer.pml"

init {
    byte i
    atomic {
        ready[OF(0, 0)] = 1; ready[OF(1, 0)] = 1
        run Handler(0); run Handler(1); run Database(); run Monitor(); run Sender(); run Nemesis()
    }
    timeout
    atomic { at_rest(0); at_rest(1); all_slots_are_free() }
}
