//! Prints the description of the HTTP interface, as docs/reference/openapi.json keeps it.

fn main() {
    println!("{:#}", voiceos_api::openapi::document());
}
