//! The list of what the server answers, made by the same calls that add it to the router, so that neither the reference nor
//! the test of who may see what can forget an operation.

use axum::{Router, handler::Handler, http::Method, routing};

use crate::app::App;

/// One thing that can be asked of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub method: Method,
    /// As the router has it: `/agents/{id}`.
    pub path: &'static str,
}

/// A router and the list of its operations.
#[derive(Default)]
pub struct Routes {
    pub router: Router<App>,
    pub operations: Vec<Operation>,
}

impl Routes {
    pub fn get<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(Method::GET, path, routing::get(handler))
    }

    pub fn post<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(Method::POST, path, routing::post(handler))
    }

    pub fn patch<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(Method::PATCH, path, routing::patch(handler))
    }

    pub fn delete<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(Method::DELETE, path, routing::delete(handler))
    }

    fn add(
        mut self,
        method: Method,
        path: &'static str,
        handler: routing::MethodRouter<App>,
    ) -> Self {
        self.operations.push(Operation { method, path });
        self.router = self.router.route(path, handler);
        self
    }
}
