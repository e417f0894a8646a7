use super::*;

/// The mistakes of reading `body` with `how`, as JSON.
fn mistakes<T>(body: Value, how: impl FnOnce(&Field<'_>) -> Option<T>) -> Value {
    match read(&body, how) {
        Ok(_) => json!([]),
        Err(problems) => json!(problems.detail),
    }
}

fn f<T>(how: impl Fn(&Field<'_>) -> Option<T>) -> impl Fn(&Field<'_>) -> Option<()> {
    move |body| {
        how(&body.get("f"));
        Some(())
    }
}

#[test]
fn a_missing_field_is_told_as_the_original_told_it() {
    assert_eq!(
        mistakes(json!({}), |body| {
            body.get("from_number").required().text()
        }),
        json!([{"loc": ["body", "from_number"], "msg": "field required", "type": "value_error.missing"}])
    );
}

#[test]
fn null_where_it_is_not_allowed() {
    assert_eq!(
        mistakes(json!({"f": null}), |body| {
            body.get("f").required().text()
        }),
        json!([{"loc": ["body", "f"], "msg": "none is not an allowed value", "type": "type_error.none.not_allowed"}])
    );
}

#[test]
fn every_type_has_its_words() {
    let told = |problems: Value| (problems[0]["msg"].clone(), problems[0]["type"].clone());
    let wrong = json!({"f": [{}]});
    let expect = |msg: &str, kind: &str| (json!(msg), json!(kind));
    assert_eq!(
        told(mistakes(wrong.clone(), f(|at| at.text()))),
        expect("str type expected", "type_error.str")
    );
    assert_eq!(
        told(mistakes(wrong.clone(), f(|at| at.whole(0..=1)))),
        expect("value is not a valid integer", "type_error.integer")
    );
    assert_eq!(
        told(mistakes(wrong.clone(), f(|at| at.number(0.0..=1.0)))),
        expect("value is not a valid float", "type_error.float")
    );
    assert_eq!(
        told(mistakes(wrong.clone(), f(|at| at.truth()))),
        expect("value could not be parsed to a boolean", "type_error.bool")
    );
    assert_eq!(
        told(mistakes(wrong, f(|at| at.object().map(|_| ())))),
        expect("value is not a valid dict", "type_error.dict")
    );
    assert_eq!(
        told(mistakes(json!({"f": {}}), f(|at| at.list(|at| at.text())))),
        expect("value is not a valid list", "type_error.list")
    );
}

#[test]
fn limits_are_named() {
    assert_eq!(
        mistakes(json!({"f": 5.5}), f(|at| at.number(0.0..=5.0))),
        json!([{
            "loc": ["body", "f"], "msg": "ensure this value is less than or equal to 5",
            "type": "value_error.number.not_le", "ctx": {"limit_value": 5}
        }])
    );
    assert_eq!(
        mistakes(json!({"f": "-1"}), f(|at| at.whole(0..=4))),
        json!([{
            "loc": ["body", "f"], "msg": "ensure this value is greater than or equal to 0",
            "type": "value_error.number.not_ge", "ctx": {"limit_value": 0}
        }])
    );
}

#[test]
fn words_that_are_not_permitted_are_listed() {
    assert_eq!(
        mistakes(json!({"f": "c"}), f(|at| at.word(&[("a", 1), ("b", 2)]))),
        json!([{
            "loc": ["body", "f"], "msg": "value is not a valid enumeration member; permitted: 'a', 'b'",
            "type": "type_error.enum", "ctx": {"enum_values": ["a", "b"]}
        }])
    );
    assert_eq!(
        mistakes(json!({"f": "x"}), f(|at| at.constant(&[("rimeai", ())]))),
        json!([{
            "loc": ["body", "f"], "msg": "unexpected value; permitted: 'rimeai'", "type": "value_error.const",
            "ctx": {"given": "x", "permitted": ["rimeai"]}
        }])
    );
}

#[test]
fn values_are_coerced_as_the_original_did() {
    let body =
        json!({"int": "60", "float": "0.5", "cut": 1.5, "text": 5, "truth": "off", "map": []});
    let read = read(&body, |body| {
        assert_eq!(body.get("int").whole(0..=100), Some(60));
        assert_eq!(body.get("float").number(0.0..=1.0), Some(0.5));
        assert_eq!(body.get("cut").whole(0..=100), Some(1));
        assert_eq!(body.get("text").text().as_deref(), Some("5"));
        assert_eq!(body.get("truth").truth(), Some(false));
        assert_eq!(body.get("map").texts(), Some(Default::default()));
        Some(())
    });
    assert_eq!(read, Ok(()));
}

#[test]
fn an_empty_object_is_not_given_where_an_enum_or_text_stands() {
    let read = read(&json!({"model": {}}), |body| {
        Some(body.get("model").open_text())
    });
    assert_eq!(read, Ok(None));
}

#[test]
fn a_body_that_is_no_json_says_where() {
    let problem = parse(br#"{"a":"#).expect_err("cut off").detail.remove(0);
    assert_eq!(problem.kind, "value_error.jsondecode");
    let problem = parse(br#"{"a":x}"#)
        .expect_err("x is no value")
        .detail
        .remove(0);
    assert_eq!(json!(problem.loc), json!(["body", 5]));
    assert_eq!(problem.msg, "Expecting value: line 1 column 6 (char 5)");
    assert_eq!(parse(b" \n"), Ok(None));
}

#[test]
fn a_body_that_is_no_object_says_so() {
    assert_eq!(
        mistakes(json!([]), |body| body.object().map(|_| ())),
        json!([{"loc": ["body"], "msg": "value is not a valid dict", "type": "type_error.dict"}])
    );
}

#[test]
fn people_read_one_line_for_each_mistake() {
    let problems = read(&json!({"f": [1, null]}), |body| {
        body.get("f").list(|at| at.object().map(|_| ()))
    });
    assert_eq!(
        problems.expect_err("neither is an object").told(),
        "body.f.0: value is not a valid dict\nbody.f.1: none is not an allowed value"
    );
}

#[test]
fn a_query_is_read_the_same_way() {
    let query = json!({"created_after": "yesterday", "limit": "ten"});
    let problems = read_part("query", &query, |query| {
        query.get("created_after").datetime();
        query.get("limit").whole(1..=1000)
    });
    assert_eq!(
        json!(problems.expect_err("neither is right").detail),
        json!([
            {"loc": ["query", "created_after"], "msg": "invalid datetime format", "type": "value_error.datetime"},
            {"loc": ["query", "limit"], "msg": "value is not a valid integer", "type": "type_error.integer"}
        ])
    );
}
