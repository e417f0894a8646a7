//! Which syllable of an unknown word carries the stress, and what becomes of the vowels around it.

const VOWELS: &str = "AIOWYiuæɑəɛɜɪɔʊʌᵊᵻ";

pub(super) fn is_vowel(sound: char) -> bool {
    VOWELS.contains(sound)
}

/// Marks the stressed vowel of a word that has none marked, and weakens unstressed short vowels.
pub(super) fn place(word: &str, sounds: &str) -> String {
    let sounds: Vec<char> = sounds.chars().collect();
    // A syllable is a vowel that can carry a stress; ə and ᵊ cannot, unless there is no other.
    let strong = |sound: char| is_vowel(sound) && !"əᵊᵻ".contains(sound);
    let vowels: Vec<usize> = (0..sounds.len())
        .filter(|at| is_vowel(sounds[*at]))
        .collect();
    let wanted = stressed_syllable(word, &vowels, &sounds);
    let nearest = |from: usize| {
        let strong_ones = (0..vowels.len()).filter(|at| strong(sounds[vowels[*at]]));
        strong_ones
            .min_by_key(|at| at.abs_diff(from))
            .unwrap_or(from)
    };
    let Some(&stressed) = vowels.get(nearest(wanted)) else {
        return sounds.into_iter().collect();
    };
    let mut said = String::new();
    for (at, sound) in sounds.iter().enumerate() {
        if at == stressed {
            said.push('ˈ');
        }
        let weak = at != stressed
            && at.abs_diff(stressed) <= 4
            && vowels.len() > 2
            && vowels.first() != Some(&at);
        let before_r = sounds.get(at + 1) == Some(&'ɹ');
        said.push(match sound {
            'ʌ' if at != stressed && !before_r => 'ə',
            'æ' if weak && !before_r => 'ə',
            'ɜ' if at != stressed => 'ə',
            sound => *sound,
        });
    }
    said
}

/// Counted from the first vowel.
fn stressed_syllable(word: &str, vowels: &[usize], sounds: &[char]) -> usize {
    let count = vowels.len();
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    let from_end = |back: usize| count.saturating_sub(back);
    match count {
        0 | 1 => 0,
        _ if ends(&[
            "ee", "eer", "ette", "elle", "ique", "esque", "oon", "eau", "aire",
        ]) =>
        {
            from_end(1)
        }
        _ if ends(&[
            "tion", "sion", "cian", "ic", "ics", "ia", "ian", "io", "ious", "ial",
        ]) =>
        {
            let hiatus = ends(&["ia", "ian", "io", "ious", "ial"]) && sounds.contains(&'i');
            from_end(if hiatus { 3 } else { 2 })
        }
        2 => 0,
        _ if ends(&["ity", "ify", "ogy", "omy", "aphy", "ical", "ety"]) => from_end(3),
        _ if word.ends_with("poulos") => from_end(3),
        // Names from Italian, Spanish, Japanese, the Slavic languages: the last but one.
        _ if ends(&[
            "a", "o", "i", "os", "as", "ez", "es", "ski", "sky", "wicz", "vich",
        ]) =>
        {
            from_end(2)
        }
        3 => {
            // "Octóber", but "Hámilton": a syllable closed by two consonants before the last draws the stress.
            let between = vowels[2] - vowels[1];
            usize::from(between > 2 && !"əᵊ".contains(sounds[vowels[1]]))
        }
        _ => from_end(3),
    }
}
