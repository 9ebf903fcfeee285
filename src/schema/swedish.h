/* The Swedish formats: numbers of persons, organisations, payments, places and telephones. They check form, date and
 * check digit; whether somebody has been given the number they cannot know. README.md has a row for each. */
#ifndef SLUSS_SCHEMA_SWEDISH_H
#define SLUSS_SCHEMA_SWEDISH_H

#include "base/error.h"
#include "base/span.h"

enum swedish_kind {
    SWEDISH_PERSONNUMMER = 1,
    SWEDISH_SAMORDNINGSNUMMER = 2,
    SWEDISH_INTERIM = 4,
    SWEDISH_TF = 8,
    SWEDISH_ANY_KIND = 15,
};

bool swedish_is_personnummer(struct span text);
bool swedish_is_samordningsnummer(struct span text);
bool swedish_is_person(struct span text, unsigned kinds);
bool swedish_is_organisationsnummer(struct span text);
bool swedish_is_kommunkod(struct span text);
bool swedish_is_postnummer(struct span text);
bool swedish_is_bankgiro(struct span text);
bool swedish_is_plusgiro(struct span text);
bool swedish_is_ocr(struct span text);
bool swedish_is_fastighetsbeteckning(struct span text);
bool swedish_is_telefonnummer(struct span text);

/* Reads "pnr|samnr" into enum swedish_kind. False with a sentence for anything else. */
bool swedish_read_kinds(struct span text, unsigned *kinds, struct error *error);

#endif
