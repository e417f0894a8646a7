//! Names that are common on the telephone, that the lexicons lack, and that no spelling rule gets right.

/// How such a name is said, by its small letters.
pub(super) fn find(name: &str) -> Option<&'static str> {
    let at = NAMES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    NAMES.get(at).map(|(_, said)| *said)
}

/// Sorted by name.
#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("aoife", "ˈifə"), ("beauchamp", "bˈiʧəm"), ("brzezinski", "bɹəzˈɪnski"), ("buchanan", "bjukˈænən"),
    ("caoimhe", "kˈivə"), ("ciara", "kˈiɹə"), ("cockburn", "kˈObəɹn"), ("czarnecki", "ʧɑɹnˈɛtski"),
    ("dijkstra", "dˈIkstɹə"), ("dougherty", "dˈɔɹəɾi"), ("featherstonehaugh", "fˈænʃˌɔ"),
    ("gallagher", "ɡˈæləɡəɹ"), ("geoghegan", "ɡˈAɡən"), ("graeme", "ɡɹˈAəm"), ("guillaume", "ɡijˈOm"),
    ("gutierrez", "ɡutiˈɛɹɛz"), ("hernandez", "həɹnˈændɛz"), ("hsu", "ʃˈu"), ("huang", "hwˈɑŋ"),
    ("jankowski", "jɑŋkˈɔfski"), ("jimenez", "hɪmˈAnɛz"), ("joaquin", "wɑkˈin"), ("jorge", "hˈɔɹhA"),
    ("jose", "hOzˈA"), ("juan", "wˈɑn"), ("jung", "jˈʊŋ"), ("kowalczyk", "kəvˈɑlʧɪk"), ("kowalski", "kəvˈɑlski"),
    ("leicester", "lˈɛstəɹ"), ("lewandowski", "lˌɛvəndˈɔfski"), ("mcleod", "məklˈWd"), ("menzies", "mˈɛnziz"),
    ("moreau", "məɹˈO"), ("ng", "ˈɪŋ"), ("ngozi", "ənɡˈOzi"), ("nguyen", "nwˈɪn"), ("niamh", "nˈiv"),
    ("nowak", "nˈOvɑk"), ("nuñez", "nˈunjɛz"), ("okafor", "Okˈɑfɔɹ"), ("padraig", "pˈɑdɹɪɡ"),
    ("papadopoulos", "pˌæpədˈɑpələs"), ("pfeiffer", "fˈIfəɹ"), ("przybylski", "pʃɪbˈɪlski"),
    ("quigley", "kwˈɪɡli"), ("renee", "ɹənˈA"), ("rhys", "ɹˈis"), ("roisin", "ɹOʃˈin"), ("saoirse", "sˈɪɹʃə"),
    ("sean", "ʃˈɔn"), ("sinead", "ʃɪnˈAd"), ("siobhan", "ʃəvˈɔn"), ("stephane", "stɛfˈɑn"),
    ("szczepanski", "ʃʧəpˈænski"), ("szymanski", "ʃɪmˈænski"), ("tchaikovsky", "ʧIkˈɔfski"), ("thibault", "tibˈO"),
    ("wojciech", "vˈYʧɛk"), ("xi", "ʃˈi"), ("xiaoming", "ʃWmˈɪŋ"), ("xiomara", "siOmˈɑɹə"), ("yvonne", "ivˈɑn"),
    ("zhang", "ʒˈɑŋ"), ("zhao", "ʒˈW"), ("zhou", "ʤˈO"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_said_with_known_phonemes() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        for (name, said) in NAMES {
            let known =
                |sound: char| "AIOWYbdfhijklmnpstuvwzæðŋɑɔəɛɜɡɪɹɾʃʊʌʒʤʧˈˌθᵊᵻʔ".contains(sound);
            assert!(
                said.chars().all(known) && said.contains('ˈ'),
                "{name}: {said}"
            );
            assert_eq!(find(name), Some(*said));
        }
    }
}
