/* What each byte may be part of, as one table: the loops over texts ask it instead of comparing. It knows no format. */
#include "schema/format_private.h"

enum {
    ATOM = FORMAT_ATOM,
    NAME = FORMAT_ATOM | FORMAT_LABEL,
    HEXA = FORMAT_ATOM | FORMAT_LABEL | FORMAT_HEX,
};

const unsigned char format_byte[256] = {
    ['!'] = ATOM, ['#'] = ATOM, ['$'] = ATOM, ['%'] = ATOM, ['&'] = ATOM, ['\''] = ATOM, ['*'] = ATOM, ['+'] = ATOM,
    ['-'] = NAME, ['/'] = ATOM, ['0'] = HEXA, ['1'] = HEXA, ['2'] = HEXA, ['3'] = HEXA,  ['4'] = HEXA, ['5'] = HEXA,
    ['6'] = HEXA, ['7'] = HEXA, ['8'] = HEXA, ['9'] = HEXA, ['='] = ATOM, ['?'] = ATOM,  ['A'] = HEXA, ['B'] = HEXA,
    ['C'] = HEXA, ['D'] = HEXA, ['E'] = HEXA, ['F'] = HEXA, ['G'] = NAME, ['H'] = NAME,  ['I'] = NAME, ['J'] = NAME,
    ['K'] = NAME, ['L'] = NAME, ['M'] = NAME, ['N'] = NAME, ['O'] = NAME, ['P'] = NAME,  ['Q'] = NAME, ['R'] = NAME,
    ['S'] = NAME, ['T'] = NAME, ['U'] = NAME, ['V'] = NAME, ['W'] = NAME, ['X'] = NAME,  ['Y'] = NAME, ['Z'] = NAME,
    ['^'] = ATOM, ['_'] = ATOM, ['`'] = ATOM, ['a'] = HEXA, ['b'] = HEXA, ['c'] = HEXA,  ['d'] = HEXA, ['e'] = HEXA,
    ['f'] = HEXA, ['g'] = NAME, ['h'] = NAME, ['i'] = NAME, ['j'] = NAME, ['k'] = NAME,  ['l'] = NAME, ['m'] = NAME,
    ['n'] = NAME, ['o'] = NAME, ['p'] = NAME, ['q'] = NAME, ['r'] = NAME, ['s'] = NAME,  ['t'] = NAME, ['u'] = NAME,
    ['v'] = NAME, ['w'] = NAME, ['x'] = NAME, ['y'] = NAME, ['z'] = NAME, ['{'] = ATOM,  ['|'] = ATOM, ['}'] = ATOM,
    ['~'] = ATOM,
};
