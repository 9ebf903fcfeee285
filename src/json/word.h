/* A word is eight bytes of text looked at in one step. It never reads behind the text. */
#ifndef SLUSS_JSON_WORD_H
#define SLUSS_JSON_WORD_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* For what is of no use as a call: where it stands in a loop, or is made of a literal when we are compiled. */
#define WORD_INLINE __attribute__((always_inline)) static inline

/* A byte in all eight places. */
#define WORD_OF(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes; the first is the lowest. */
WORD_INLINE uint64_t word_load_whole(const char *at) {
    uint64_t word;
    memcpy(&word, at, 8);
    return le64toh(word);
}

/* Fewer than eight bytes, by two looks that may meet in the middle. */
WORD_INLINE uint64_t word_load_short(const char *at, size_t size) {
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
WORD_INLINE uint64_t word_load(const char *at, const char *end) {
    return end - at < 8 ? word_load_short(at, (size_t)(end - at)) : word_load_whole(at);
}

/* Not 0 when a byte is '"', '\\', below 0x20 or above 0x7f. The lowest bit that is set belongs to the first such byte
 * (a borrow may set bits of bytes behind it). */
static inline uint64_t word_odd(uint64_t word) {
    uint64_t backslash = (word ^ WORD_OF('\\')) - WORD_OF(1);
    uint64_t other = (word ^ WORD_OF(2)) - WORD_OF(0x21); /* '"' is 0x20 now, what is below 0x20 stays there */
    return (backslash | other | word) & WORD_OF(0x80);
}

/* The highest bit of each such byte and no other. */
static inline uint64_t word_odd_all(uint64_t word) {
    uint64_t quote = word ^ WORD_OF('"'), backslash = word ^ WORD_OF('\\');
    quote |= (quote & WORD_OF(0x7f)) + WORD_OF(0x7f);
    backslash |= (backslash & WORD_OF(0x7f)) + WORD_OF(0x7f);
    uint64_t letter = (word & WORD_OF(0x60)) + WORD_OF(0x60);
    return (~(quote & backslash & letter) | word) & WORD_OF(0x80);
}

/* The number of bytes before the first whose highest bit is set; there is one. */
static inline unsigned word_before(uint64_t highest) {
    return (unsigned)__builtin_ctzll(highest) / 8;
}

/* The highest bits of the bytes side by side; nothing else may be set. */
static inline uint64_t word_bits(uint64_t highest) {
    return ((highest >> 7) * UINT64_C(0x0102040810204080)) >> 56;
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

/* Equal bytes; for short texts, where a call takes longer. Two looks may meet in the middle. */
static inline bool word_same(const char *one, const char *other, size_t size) {
    if (size >= 8) {
        for (size_t at = 0; at + 8 < size; at += 8)
            if (word_load_whole(one + at) != word_load_whole(other + at))
                return false;
        return word_load_whole(one + size - 8) == word_load_whole(other + size - 8);
    }
    if (size >= 4) {
        uint32_t a, b, c, d;
        memcpy(&a, one, 4);
        memcpy(&b, other, 4);
        memcpy(&c, one + size - 4, 4);
        memcpy(&d, other + size - 4, 4);
        return ((a ^ b) | (c ^ d)) == 0;
    }
    for (size_t at = 0; at < size; at++)
        if (one[at] != other[at])
            return false;
    return true;
}

/* The steps of json_hash: whole words, the last of them so that it ends with the text (it may meet the one before),
 * with the size; fewer than eight bytes are one word. */
#define WORD_HASH_START UINT64_C(0x9e3779b97f4a7c15)

WORD_INLINE uint64_t word_hash(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 32;
}

WORD_INLINE uint32_t word_hash_end(uint64_t hash, uint64_t rest, size_t size) {
    hash = word_hash(hash, rest ^ (uint64_t)size * (UINT64_C(1) << 56)); /* in the highest byte */
    return (uint32_t)((hash * UINT64_C(0xd6e8feb86659fd93)) >> 32);
}

/* Of a text of fewer than eight bytes: those of the word that are behind it do not count. */
WORD_INLINE uint32_t word_hash_short(uint64_t word, size_t size) {
    return word_hash_end(WORD_HASH_START, word << 8 << (56 - 8 * size), size);
}

/* Of a text of at least eight bytes. */
WORD_INLINE uint32_t word_hash_long(const char *text, size_t size) {
    uint64_t hash = word_hash(WORD_HASH_START, word_load_whole(text));
    for (size_t at = 8; at + 8 < size; at += 8)
        hash = word_hash(hash, word_load_whole(text + at));
    return word_hash_end(hash, word_load_whole(text + size - 8), size);
}

#endif
