//! G.711 mu-law, as telephone lines carry it: 8 bit a sample, 8000 Hz. Bytes in, samples out and back; no framing.

const BIAS: i32 = 0x84;
const CLIP: i32 = 32635;

/// The sample of each code, as in ITU-T G.191's reference (14-bit values scaled to 16 bit).
static LINEAR: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let bits = !(code as u8);
        let magnitude = ((((bits & 0x0f) as i32) << 3) + BIAS) << ((bits & 0x70) >> 4);
        table[code] = if bits & 0x80 == 0 {
            magnitude - BIAS
        } else {
            BIAS - magnitude
        } as i16;
        code += 1;
    }
    table
};

/// The segment of a biased magnitude by its upper eight bits: the place of the highest set bit.
static SEGMENT: [u8; 256] = {
    let mut table = [0; 256];
    let mut high = 1;
    while high < 256 {
        table[high] = 7 - (high as u8).leading_zeros() as u8;
        high += 1;
    }
    table
};

/// The code nearest to `sample`; beyond ±32635 the loudest one.
pub fn encode(sample: i16) -> u8 {
    let wide = sample as i32;
    let (sign, magnitude) = if wide < 0 { (0x80, -wide) } else { (0, wide) };
    let biased = magnitude.min(CLIP) + BIAS;
    let segment = SEGMENT[(biased >> 7) as usize & 0xff];
    let step = (biased >> (segment + 3)) as u8 & 0x0f;
    !(sign | segment << 4 | step)
}

pub fn decode(code: u8) -> i16 {
    LINEAR[code as usize]
}

/// Appends the codes of `samples` to `codes`.
pub fn encode_into(samples: &[i16], codes: &mut Vec<u8>) {
    codes.extend(samples.iter().map(|&s| encode(s)));
}

/// Appends the samples of `codes` to `samples`.
pub fn decode_into(codes: &[u8], samples: &mut Vec<i16>) {
    samples.extend(codes.iter().map(|&c| decode(c)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ends_and_the_middle_are_those_of_the_recommendation() {
        // ITU-T G.711 table 2a/2b, decoder output values times four (14 to 16 bit).
        for (code, value) in [
            (0x80, 8031 * 4),
            (0x8f, 4191 * 4),
            (0x90, 3999 * 4),
            (0x9f, 2079 * 4),
            (0xa0, 1983 * 4),
            (0xaf, 1023 * 4),
            (0xb0, 975 * 4),
            (0xbf, 495 * 4),
            (0xc0, 471 * 4),
            (0xcf, 231 * 4),
            (0xd0, 219 * 4),
            (0xdf, 99 * 4),
            (0xe0, 93 * 4),
            (0xef, 33 * 4),
            (0xf0, 30 * 4),
            (0xfe, 2 * 4),
            (0xff, 0),
        ] {
            assert_eq!(decode(code), value as i16, "code {code:#x}");
            assert_eq!(
                decode(code & 0x7f),
                -value as i16,
                "code {:#x}",
                code & 0x7f
            );
        }
    }

    #[test]
    fn every_code_comes_back_from_its_own_sample() {
        for code in 0..=255u8 {
            // 0x7f is minus zero: its sample is that of plus zero.
            let back = if code == 0x7f { 0xff } else { code };
            assert_eq!(encode(decode(code)), back);
        }
    }

    #[test]
    fn every_sample_gets_a_code_within_half_a_step_of_it() {
        for sample in i16::MIN..=i16::MAX {
            let code = encode(sample);
            let half_step = 4 << ((!code & 0x70) >> 4);
            let wrong = (decode(code) as i32 - (sample as i32).clamp(-CLIP, CLIP)).abs();
            assert!(wrong <= half_step, "{sample}: {wrong} > {half_step}");
        }
    }

    proptest! {
        #[test]
        fn louder_samples_never_get_a_softer_code(a: i16, b: i16) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(decode(encode(low)) <= decode(encode(high)));
        }
    }
}
