/* The inside of a compiled schema. Only for this folder. */
#ifndef SLUSS_SCHEMA_PROGRAM_H
#define SLUSS_SCHEMA_PROGRAM_H

#include "schema/subschema.h"

struct schema_program {
    struct arena arena;
    struct subschemas all;
    struct subschema *root;
};

#endif
