/* A block is 64 bytes of text looked at in one step, by the vector instructions that every x86-64 and every aarch64
 * has; elsewhere (and with JSON_PORTABLE) as eight words. It is always read whole: who asks knows that it is there. */
#ifndef SLUSS_JSON_BLOCK_PRIVATE_H
#define SLUSS_JSON_BLOCK_PRIVATE_H

#include "json/word.h"

enum { BLOCK_SIZE = 64 };

/* block_odd: a bit for each byte, the first is the lowest: set where a string cannot go on as plain ASCII, which are
 * '"', '\\', all below 0x20 and all above 0x7f. But for '\\' these are, when bit 1 is turned over, the bytes that are
 * below 0x21 as signed numbers. */
#if defined(__SSE2__) && !defined(JSON_PORTABLE)
#include <emmintrin.h>

static inline uint64_t block_quarter(const char *at) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i other = _mm_subs_epi8(_mm_xor_si128(bytes, _mm_set1_epi8(2)), _mm_set1_epi8(0x21)); /* below 0 */
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(backslash, other));
}

WORD_INLINE uint64_t block_odd(const char *at) {
    return block_quarter(at) | block_quarter(at + 16) << 16 | block_quarter(at + 32) << 32 |
           block_quarter(at + 48) << 48;
}

#elif defined(__ARM_NEON) && defined(__AARCH64EL__) && !defined(JSON_PORTABLE)
#include <arm_neon.h>

/* A bit of its own for each byte of eight. */
static inline uint8x16_t block_quarter(const char *at) {
    static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t bytes = vld1q_u8((const uint8_t *)at);
    uint8x16_t backslash = vceqq_u8(bytes, vdupq_n_u8('\\'));
    uint8x16_t other = vcltq_s8(vreinterpretq_s8_u8(veorq_u8(bytes, vdupq_n_u8(2))), vdupq_n_s8(0x21));
    return vandq_u8(vorrq_u8(backslash, other), vld1q_u8(places));
}

WORD_INLINE uint64_t block_odd(const char *at) {
    uint8x16_t low = vpaddq_u8(block_quarter(at), block_quarter(at + 16));
    uint8x16_t high = vpaddq_u8(block_quarter(at + 32), block_quarter(at + 48));
    uint8x16_t all = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

#else

WORD_INLINE uint64_t block_odd(const char *at) {
    uint64_t odd = 0;
    for (unsigned i = 0; i < BLOCK_SIZE; i += 8)
        odd |= word_bits(word_odd_all(word_load_whole(at + i))) << i;
    return odd;
}

#endif

#endif
