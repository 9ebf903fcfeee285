/* A word is eight bytes of text looked at in one step. It never reads behind the text. */
#ifndef SLUSS_JSON_WORD_PRIVATE_H
#define SLUSS_JSON_WORD_PRIVATE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* A byte in all eight places. */
#define WORD_OF(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Fewer than eight bytes, by two looks that may meet in the middle. */
static inline uint64_t word_load_short(const char *at, size_t size) {
    if (size >= 4) {
        uint32_t low, high;
        memcpy(&low, at, 4);
        memcpy(&high, at + size - 4, 4);
        return le32toh(low) | (uint64_t)le32toh(high) << (8 * (size - 4));
    }
    if (size == 0)
        return 0;
    uint64_t first = (unsigned char)at[0], middle = (unsigned char)at[size / 2], last = (unsigned char)at[size - 1];
    return first | middle << (8 * (size / 2)) | last << (8 * (size - 1));
}

/* The first byte is the lowest; behind the text there are zeros. */
static inline uint64_t word_load(const char *at, const char *end) {
    uint64_t word;
    if (end - at < 8)
        return word_load_short(at, (size_t)(end - at));
    memcpy(&word, at, 8);
    return le64toh(word);
}

/* Not 0 when a byte is '"', '\\', below 0x20 or above 0x7f. The lowest bit that is set belongs to the first such byte
 * (a borrow may set bits of bytes behind it). */
static inline uint64_t word_odd(uint64_t word) {
    uint64_t quote = (word ^ WORD_OF('"')) - WORD_OF(1);
    uint64_t backslash = (word ^ WORD_OF('\\')) - WORD_OF(1);
    uint64_t control = word - WORD_OF(0x20);
    return (quote | backslash | control | word) & WORD_OF(0x80);
}

/* The number of bytes before the odd one; `odd` is not 0. */
static inline unsigned word_before(uint64_t odd) {
    return (unsigned)__builtin_ctzll(odd) / 8;
}

/* The first `count` bytes, fewer than eight. */
static inline uint64_t word_first(uint64_t word, unsigned count) {
    return word & ((UINT64_C(1) << (8 * count)) - 1);
}

/* How many decimal digits stand at the front, and the number they make. */
static inline unsigned word_digits(uint64_t word, uint64_t *number) {
    uint64_t digits = word ^ WORD_OF('0');
    uint64_t others = ((digits + WORD_OF(0x76)) | digits) & WORD_OF(0x80);
    unsigned count = others != 0 ? word_before(others) : 8;
    *number = 0;
    if (count == 0)
        return 0;
    digits <<= 64 - 8 * count; /* zeros in front */
    digits = digits * 10 + (digits >> 8);
    uint64_t low = (digits & UINT64_C(0x000000ff000000ff)) * (UINT64_C(1000000) << 32 | 100);
    uint64_t high = (digits >> 16 & UINT64_C(0x000000ff000000ff)) * (UINT64_C(10000) << 32 | 1);
    *number = (low + high) >> 32;
    return count;
}

/* The steps of json_hash: whole words, then the rest with the size. */
#define WORD_HASH_START UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t word_hash(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 32;
}

static inline uint32_t word_hash_end(uint64_t hash, uint64_t rest, size_t size) {
    hash = word_hash(hash, rest ^ (uint64_t)size << 56);
    return (uint32_t)((hash * UINT64_C(0xd6e8feb86659fd93)) >> 32);
}

#endif
