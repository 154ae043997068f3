//! The `routelint` program: everything is in the library's room `cli`.

fn main() {}
