/* The program options: writes the options' part of sluss.cfg(5) while Sluss is built. It is not installed. */
#include "settings/settings.h"

#include <stdio.h>

int main(void) {
    struct buf out = {0};
    settings_write_manual(&out);
    bool good = !out.failed && fwrite(buf_text(&out), 1, out.size, stdout) == out.size && fflush(stdout) == 0;
    buf_finish(&out);
    return good ? 0 : 70;
}
