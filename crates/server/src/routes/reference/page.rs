//! The reference as one page of HTML, written from the OpenAPI document: nothing in it is said here a second time.

use serde_json::{Map, Value};

const STYLE: &str = include_str!("style.css");

/// Shapes within shapes are shown this deep; the deepest of ours is within.
const DEEPEST: usize = 6;

const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];

/// Writes the page.
pub(super) fn write(document: &Value) -> String {
    let tags = document["tags"].as_array().cloned().unwrap_or_default();
    let (mut index, mut body) = (String::new(), String::new());
    for tag in &tags {
        let name = text(&tag["name"]);
        index += &format!("<h3>{}</h3><ul>", escaped(name));
        body += &format!("<h2>{}</h2>{}", escaped(name), prose(&tag["description"]));
        for (path, method, operation) in operations(document, name) {
            let id = text(&operation["operationId"]);
            index += &format!(
                "<li><a href=\"#{id}\">{}</a></li>",
                escaped(text(&operation["summary"]))
            );
            body += &section(document, path, method, operation);
        }
        index += "</ul>";
    }
    let title = escaped(text(&document["info"]["title"]));
    let about = prose(&document["info"]["description"]);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} API</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\
         <nav><h1>{title} API</h1><p><a href=\"/openapi.json\">openapi.json</a></p>{index}</nav>\
         <main>{about}{body}</main></body></html>"
    )
}

fn operations<'d>(document: &'d Value, tag: &str) -> Vec<(&'d String, &'static str, &'d Value)> {
    let mut found = Vec::new();
    for (path, at) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if at[method]["tags"][0] == tag {
                found.push((path, method, &at[method]));
            }
        }
    }
    found
}

fn section(document: &Value, path: &str, method: &str, operation: &Value) -> String {
    let mut html = format!(
        "<section id=\"{}\"><h3>{}</h3><p class=\"path\"><b class=\"{method}\">{}</b> <code>{}</code></p>{}",
        text(&operation["operationId"]),
        escaped(text(&operation["summary"])),
        method.to_uppercase(),
        escaped(path),
        prose(&operation["description"])
    );
    let parameters = operation["parameters"].as_array().map(Vec::as_slice);
    let rows: String = parameters
        .unwrap_or_default()
        .iter()
        .map(parameter)
        .collect();
    html += &table("Parameters", &rows);
    let body = &operation["requestBody"]["content"]["application/json"];
    html += &table("Body", &fields(document, &body["schema"], 0));
    html += &format!("<pre>{}</pre>", escaped(&curl(path, method, operation)));
    let mut rows = String::new();
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let answer = resolve(document, answer);
        rows += &row(0, status, "", "", text(&answer["description"]));
    }
    html += &table("Answers", &rows);
    let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    let rows = fields(document, answer, 0);
    if !rows.is_empty() {
        html += &format!(
            "<details><summary>Fields of the answer</summary>{}</details>",
            table("", &rows)
        );
    }
    html + "</section>"
}

/// How to ask for it from a terminal.
fn curl(path: &str, method: &str, operation: &Value) -> String {
    let mut command = "curl".to_owned();
    if method != "get" {
        command += &format!(" -X {}", method.to_uppercase());
    }
    let path = path.replace("{id}", "$ID").replace("{file}", "$FILE");
    command += &format!(" \"$VOICEOS_URL{path}\"");
    if operation.get("security").is_none() {
        command += " \\\n  -H \"Authorization: Bearer $VOICEOS_API_KEY\"";
    }
    let example =
        &operation["requestBody"]["content"]["application/json"]["examples"]["typical"]["value"];
    if !example.is_null() {
        command += &format!(" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{example}'");
    }
    command
}

fn parameter(parameter: &Value) -> String {
    let schema = &parameter["schema"];
    row(
        0,
        text(&parameter["name"]),
        &format!("{}, {}", kind(schema), text(&parameter["in"])),
        &limits(schema),
        text(&parameter["description"]),
    )
}

/// The rows of a shape's fields, those of shapes within them indented below.
fn fields(document: &Value, schema: &Value, depth: usize) -> String {
    let schema = resolve(document, schema);
    if depth > DEEPEST {
        return String::new();
    }
    if let Some(members) = schema["oneOf"].as_array() {
        let member = |member| {
            let shape = resolve(document, member);
            row(depth, "either", "object", "", text(&shape["description"]))
                + &fields(document, member, depth + 1)
        };
        return members.iter().map(member).collect();
    }
    if let Some(items) = schema.get("items") {
        return fields(document, items, depth);
    }
    let none = Map::new();
    let mut rows = String::new();
    for (name, field) in schema["properties"].as_object().unwrap_or(&none) {
        let shape = resolve(document, field);
        let about = text(&field["description"]);
        rows += &row(depth, name, kind(shape), &limits(field), about);
        rows += &fields(document, field, depth + 1);
    }
    rows
}

fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let place = schema
        .get("$ref")
        .or_else(|| schema.pointer("/anyOf/0/$ref"));
    let found = place
        .and_then(Value::as_str)
        .and_then(|place| document.pointer(place.trim_start_matches('#')));
    found.unwrap_or(schema)
}

fn kind(schema: &Value) -> &str {
    if schema.get("oneOf").is_some() {
        return "object";
    }
    let kind = &schema["type"];
    text(kind.get(0).unwrap_or(kind))
}

/// What else is known of a field's values.
fn limits(schema: &Value) -> String {
    let mut told = Vec::new();
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words.iter().map(|word| format!("{word}")).collect();
        told.push(words.join(" | "));
    }
    for (key, words) in [
        ("const", "always"),
        ("minimum", "from"),
        ("maximum", "to"),
        ("default", "default"),
    ] {
        if let Some(value) = schema.get(key) {
            told.push(format!("{words} {value}"));
        }
    }
    let nullable = schema.get("anyOf").is_some()
        || schema["type"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"));
    if nullable {
        told.push("or null".to_owned());
    }
    told.join(", ")
}

fn table(title: &str, rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let title = if title.is_empty() {
        String::new()
    } else {
        format!("<h4>{title}</h4>")
    };
    format!("{title}<table>{rows}</table>")
}

fn row(depth: usize, name: &str, kind: &str, limits: &str, about: &str) -> String {
    format!(
        "<tr><td class=\"d{depth}\"><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
        escaped(name),
        escaped(kind),
        escaped(limits),
        code(about)
    )
}

fn prose(value: &Value) -> String {
    text(value)
        .split("\n\n")
        .map(|paragraph| format!("<p>{}</p>", code(paragraph)))
        .collect()
}

/// Escaped, with what stands between backticks as code.
fn code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(n, part)| {
            if n % 2 == 1 {
                format!("<code>{}</code>", escaped(part))
            } else {
                escaped(part)
            }
        })
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_document_says_cannot_become_markup() {
        let document = serde_json::json!({
            "info": {"title": "<b>", "description": "a `<script>` \"x\""}, "tags": [], "paths": {}
        });
        let page = write(&document);
        assert!(
            page.contains("<p>a <code>&lt;script&gt;</code> &quot;x&quot;</p>"),
            "{page}"
        );
        assert!(!page.contains("<b>"), "{page}");
    }

    #[test]
    fn every_operation_has_its_section_and_every_field_its_row() {
        let document = voiceos_api::openapi::document();
        let page = write(&document);
        for (path, at) in document["paths"].as_object().expect("paths") {
            for (method, operation) in at.as_object().expect("operations") {
                let id = text(&operation["operationId"]);
                assert!(page.contains(&format!("id=\"{id}\"")), "{method} {path}");
                assert!(page.contains(&format!("href=\"#{id}\"")), "{method} {path}");
            }
        }
        for (name, schema) in document["components"]["schemas"]
            .as_object()
            .expect("schemas")
        {
            for (field, _) in schema["properties"].as_object().into_iter().flatten() {
                let shown = page.contains(&format!("<code>{field}</code>"));
                assert!(
                    shown || name.starts_with("Validation") || name == "Refusal",
                    "{name}.{field}"
                );
            }
        }
    }
}
