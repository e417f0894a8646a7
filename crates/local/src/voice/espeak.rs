//! The lexicon's phonemes in the spelling that Piper's models were trained on (espeak's American English).

/// One word.
pub(super) fn spelled(said: &str, weak: bool) -> String {
    let sounds: Vec<char> = said
        .chars()
        .filter(|sound| !(weak && "ˈˌ".contains(*sound)))
        .collect();
    let vowels = sounds.iter().filter(|sound| is_vowel(**sound)).count();
    let mut spelled = String::with_capacity(said.len() + 8);
    let mut at = 0;
    while let Some(&sound) = sounds.get(at) {
        let next = sounds.get(at + 1).copied();
        let after_next = sounds
            .get(at + 2)
            .copied()
            .filter(|sound| !"ˈˌ".contains(*sound))
            .or(sounds.get(at + 3).copied());
        let before = at.checked_sub(1).and_then(|at| sounds.get(at)).copied();
        let before_vowel = after_next.is_some_and(is_vowel);
        let stressed = before.is_some_and(|before| "ˈˌ".contains(before));
        at += 1;
        match (sound, next) {
            ('ə' | 'ɜ', Some('ɹ')) => {
                let stays = if before_vowel { "ɹ" } else { "" };
                spelled.push_str(if sound == 'ɜ' { "ɜː" } else { "ɚ" });
                spelled.push_str(stays);
                at += 1;
            }
            ('ɔ', Some('ɹ')) if stressed => spelled.push_str("oː"),
            ('ə', _) if before.is_none() && vowels > 1 => spelled.push('ɐ'),
            ('ə', None) if vowels == 1 && before.is_none() => spelled.push('ɐ'), // "a"
            ('ə', Some('n')) if vowels == 1 && before.is_none() => spelled.push('ɐ'), // "an"
            ('i', next)
                if stressed
                    || vowels == 1
                    || next.is_some_and(|next| !is_vowel(next) && !"ˈˌ".contains(next)) =>
            {
                spelled.push_str("iː");
            }
            (sound, _) => push(&mut spelled, sound),
        }
    }
    spelled
}

fn push(spelled: &mut String, sound: char) {
    match sound {
        'A' => spelled.push_str("eɪ"),
        'I' => spelled.push_str("aɪ"),
        'O' => spelled.push_str("oʊ"),
        'W' => spelled.push_str("aʊ"),
        'Y' => spelled.push_str("ɔɪ"),
        'ʤ' => spelled.push_str("dʒ"),
        'ʧ' => spelled.push_str("tʃ"),
        'ᵊ' => spelled.push('ə'),
        'ɑ' => spelled.push_str("ɑː"),
        'ɔ' => spelled.push_str("ɔː"),
        'u' => spelled.push_str("uː"),
        sound => spelled.push(sound),
    }
}

fn is_vowel(sound: char) -> bool {
    "AIOWYiuæɑəɛɜɪɔʊʌᵊᵻ".contains(sound)
}
