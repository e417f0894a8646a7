//! What is printed once the server answers: where the page is, how to talk, and one request to try.

use std::fmt::Write;

use crate::serve::Ready;

/// For a terminal with `colour`, or a file without.
pub fn text(ready: &Ready, open_page: bool, colour: bool) -> String {
    let address = ready.address;
    // Everywhere is no place to go to.
    let host = if address.ip().is_unspecified() {
        "127.0.0.1".to_owned()
    } else {
        bracketed(address.ip())
    };
    let url = format!("http://{host}:{}", address.port());
    let strong = |text: &str| {
        if colour {
            format!("\x1b[1m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    };
    let faint = |text: &str| {
        if colour {
            format!("\x1b[2m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    };
    let key_file = ready.furnished.key_file.display();
    let at = if address.port() == 8080 && host == "127.0.0.1" {
        String::new()
    } else {
        format!(" --url {url}")
    };

    let mut out = format!("\n  {} answers at {}\n\n", strong("VoiceOS"), strong(&url));
    let mut line = |what: &str, how: &str| {
        writeln!(out, "  {}  {how}", faint(&format!("{what:<9}")))
            .expect("writing to a string cannot fail");
    };
    let page = if open_page && address.ip().is_loopback() {
        "open it in a browser and press Talk"
    } else {
        "needs a key from another machine"
    };
    line("page", &format!("{url}   {}", faint(page)));
    line(
        "terminal",
        &format!("voiceos talk{at} --say \"Hello, what time is breakfast?\""),
    );
    line(
        "program",
        &format!("curl -H \"Authorization: Bearer $(cat {key_file})\" {url}/conversations"),
    );
    match &ready.furnished.new_key {
        Some(key) => line(
            "API key",
            &format!(
                "{}   {}",
                strong(key.reveal()),
                faint(&format!("shown this once, kept in {key_file}"))
            ),
        ),
        None => line("API key", &format!("in {key_file}")),
    }
    if let Some(agent) = &ready.furnished.demo {
        line("agent", agent.as_str());
    }
    line("end", "Ctrl-C");
    out
}

fn bracketed(ip: std::net::IpAddr) -> String {
    if ip.is_ipv6() {
        format!("[{ip}]")
    } else {
        ip.to_string()
    }
}
