use super::*;

fn environment(pairs: &[(&str, &str)]) -> Sources {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut environment: std::collections::BTreeMap<_, _> = pairs.iter().map(own).collect();
    environment
        .entry("HOME".into())
        .or_insert("/home/nobody-of-this-test".into());
    Sources {
        environment,
        ..Sources::default()
    }
}

fn load(sources: &Sources) -> Config {
    Config::load(sources)
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
        .config
}

fn mistakes(sources: &Sources) -> Vec<String> {
    Config::load(sources)
        .expect_err("the configuration has mistakes")
        .0
}

#[test]
fn the_struct_and_the_default_file_agree() {
    let sources = environment(&[]);
    let layered = layers::gather(&sources);
    let mut reader = Reader::new(&layered);
    assert!(Config::read(&mut reader, &sources).is_some());
    let mut read = std::mem::take(&mut reader.read);
    assert_eq!(reader.into_mistakes(), Vec::<String>::new());
    let mut known: Vec<_> = layered
        .settings
        .iter()
        .map(|setting| setting.key.as_str())
        .collect();
    read.sort_unstable();
    known.sort_unstable();
    assert_eq!(read, known);
}

#[test]
fn the_defaults_are_those_of_the_conversation_and_of_the_standard_places() {
    let config = load(&environment(&[]));
    assert_eq!(config.turns, Rules::default());
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(
        config.data_dir,
        PathBuf::from("/home/nobody-of-this-test/.local/share/voiceos")
    );
    assert_eq!(
        config.models_dir,
        PathBuf::from("/home/nobody-of-this-test/.cache/voiceos/models")
    );
    let elsewhere = load(&environment(&[
        ("XDG_DATA_HOME", "/d"),
        ("XDG_CACHE_HOME", "/c"),
    ]));
    assert_eq!(
        (elsewhere.data_dir, elsewhere.models_dir),
        ("/d/voiceos".into(), "/c/voiceos/models".into())
    );
}

#[test]
fn later_layers_win() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("voiceos.toml");
    std::fs::write(
        &file,
        "listen = \"127.0.0.1:1\"\n[local]\nvoice = \"kokoro\"\n[turns]\nsilence = \"1.5s\"\n",
    )
    .unwrap();
    let mut sources = environment(&[
        ("VOICEOS_LISTEN", "127.0.0.1:2"),
        ("VOICEOS_LANGUAGE_MODEL", "right"),
    ]);
    sources.file = Some(file.clone());
    let config = load(&sources);
    assert_eq!(config.listen.port(), 2);
    assert_eq!(
        config.local,
        Local {
            language_model: LocalModel::Right,
            voice: LocalVoice::Kokoro
        }
    );
    assert_eq!(config.turns.silence, Duration::from_millis(1500));
    sources.flags.push(("listen", "127.0.0.1:3".into()));
    let loaded = Config::load(&sources).unwrap();
    assert_eq!(loaded.config.listen.port(), 3);
    let origin = |key: &str| {
        loaded
            .settings
            .iter()
            .find(|one| one.key == key)
            .unwrap()
            .origin
            .to_string()
    };
    assert_eq!(origin("listen"), "--listen");
    assert_eq!(origin("local.language_model"), "VOICEOS_LANGUAGE_MODEL");
    assert_eq!(origin("local.voice"), file.display().to_string());
    assert_eq!(origin("data_dir"), "default");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("voiceos.toml");
    std::fs::write(
        &file,
        "lisen = \"x\"\n[turns]\nsilence = 240\nsure = 101\n[local]\nlanguage_model = \"fats\"\n",
    )
    .unwrap();
    let mut sources = environment(&[("VOICEOS_LISTEN", "8080"), ("VOICEOS_PAGE_OPEN", "maybe")]);
    sources.file = Some(file.clone());
    let place = file.display();
    assert_eq!(
        mistakes(&sources),
        [
            format!("{place}: there is no setting `lisen`: did you mean `listen`?"),
            "VOICEOS_LISTEN: `listen` is \"8080\", but should be an address and a port, such as \"127.0.0.1:8080\" or \
             \"0.0.0.0:8080\""
                .into(),
            format!(
                "{place}: `local.language_model` is \"fats\", but should be \"fast\", \"right\" or the path of a GGUF file"
            ),
            format!("{place}: `turns.silence` is 240, but should be a time such as \"500ms\", \"10s\" or \"2min\""),
            format!("{place}: `turns.sure` is 101, but should be a whole number from 0 to 100"),
            "VOICEOS_PAGE_OPEN: `page.open` is \"maybe\", but should be true or false".into(),
        ]
    );
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let sources = environment(&[("VOICEOS_CONFIG", "/no/such/file.toml")]);
    assert!(mistakes(&sources)[0].contains("correct --config or VOICEOS_CONFIG"));
}

#[test]
fn secrets_are_not_shown() {
    let loaded = Config::load(&environment(&[("VOICEOS_API_KEY", "vos_planted")])).unwrap();
    assert_eq!(
        loaded.config.api_key.as_ref().map(Secret::reveal),
        Some("vos_planted")
    );
    assert!(!format!("{loaded:?}").contains("vos_planted"));
    let shown: Vec<_> = loaded.settings.iter().map(Setting::shown).collect();
    assert!(
        shown.contains(&"…".to_owned()) && !shown.iter().any(|value| value.contains("planted"))
    );
    let wrong = mistakes(&environment(&[("VOICEOS_API_KEY", "planted secret")]));
    assert!(!wrong[0].contains("planted"), "{wrong:?}");
}

#[test]
fn an_empty_variable_is_not_set() {
    assert_eq!(
        load(&environment(&[("VOICEOS_LISTEN", "")])).listen.port(),
        8080
    );
}
