/* The Swedish formats: numbers of persons, organisations, payments, places and telephones. They check form, date and
 * check digit; whether somebody has been given the number they cannot know.
 *
 * Names as used in `format`, always asserted like any other format:
 *
 *   personnummer          YYMMDD[-+]?NNNC or YYYYMMDD[-+]?NNNC, century 18-20. A date that exists (29 February of a
 * short form: in one of the centuries it can mean), serial not 000, Luhn over the last ten digits (folkbokforingslagen
 * 18 paragraph; the rules of personnummer/meta) samordningsnummer     the same shapes, month 00-12, day 60-91, no
 * calendar (Skatteverket: month and day may be unknown), serial not 000, Luhn person-id             any of the kinds
 * below; person-id:KIND|KIND... accepts those only pnr      personnummer         samnr    samordningsnummer interim  a
 * letter of TRSUWXJKLMN in place of the first serial digit, counted as 1 by Luhn tf       YYYYMMDDTFNN, no check digit
 * (school systems) organisationsnummer   NNNNNN-?NNNN or 16NNNNNNNNNN: first digit not 0, third at least 2, Luhn (a
 * sole trader's number is a personnummer: use anyOf) kommunkod             four digits, the code of a municipality
 * (SCB, the 290 of today) postnummer            NNNNN or NNN NN, first digit 1-9 bankgiro              7-8 digits, with
 * or without a hyphen before the last four, Luhn plusgiro              2-8 digits, pairs of digits may be parted by
 * spaces, the last by a hyphen, Luhn ocr                   2-25 digits, Luhn (whether a length digit is used only the
 * payee knows) fastighetsbeteckning  municipality, tract or block name, then unit, block:unit, S:n (samfallighet) or
 * GA:n; single spaces svenskt-telefonnummer 0 or +46, 7-9 more digits of which the first is 1-9, groups parted by
 * single spaces, one hyphen after the area code; mobile numbers (70, 72, 73, 76, 79) have exactly 9
 */
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
