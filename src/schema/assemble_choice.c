/* anyOf and oneOf for one kind of value: branches that cannot hold are gone, and where a member tells the others apart
 * most of them are ruled out before they run. */
#include "schema/assembler.h"

void choice_emit(struct assembler *assembler, struct run *run, enum op_code code, struct run **branch, uint32_t count,
                 enum kind kind, bool track) {
    uint32_t left = 0, sure = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (branch[i]->fails)
            continue;
        sure += branch[i]->count == 0;
        branch[left++] = branch[i];
    }
    if (left == 0 || (code == OP_ONE && sure > 1)) {
        run_fail(run);
        return;
    }
    if (left == 1) {
        run_append(assembler, run, branch[0]);
        return;
    }
    if (code == OP_ANY && sure > 0 && !track)
        return;
    struct choice *choice = assembler_keep(assembler, sizeof *choice);
    struct branches *all = assembler_branches(assembler, left);
    const struct sorting *sorting = kind == KIND_OBJECT && sure == 0 ? telling_find(assembler, branch, left) : NULL;
    for (uint32_t i = 0; i < left; i++)
        all->branch[i] = run_lay(assembler, branch[i]);
    choice->all = all;
    if (sorting != NULL)
        choice->telling = telling_lay(assembler, sorting, all);
    struct proto *proto = run_add(assembler, run, code, 4);
    proto->op.one.choice = choice;
    proto->op.flags = track ? OP_TRACK : 0;
}
