//! The JSON schema of the file, for editors.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::settings::{Settings, Vocabulary};

/// The schema, in the draft that TOML language servers read.
///
/// # Errors
/// Never for the types of this room; the text of the error would say which part cannot be written.
pub fn schema(vocabulary: &Vocabulary) -> Result<String, serde_json::Error> {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<Settings>().to_value();
    tidy(&mut schema);
    for levels in ["/properties/rules", "/definitions/Override/properties/rules"] {
        if let Some(levels) = schema.pointer_mut(levels) {
            name_levels(levels, vocabulary);
        }
    }
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}

/// TOML has no null, and descriptions are one line.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    fields.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(mut choices)) = fields.remove("anyOf") {
                choices.retain(|choice| choice != &json!({ "type": "null" }));
                let word = if choices.len() == 1 { "allOf" } else { "anyOf" };
                fields.insert(word.to_owned(), Value::Array(choices));
            }
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            fields.values_mut().for_each(tidy);
        }
        Value::Array(elements) => elements.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Says which names there are: the types know none of them.
fn name_levels(levels: &mut Value, vocabulary: &Vocabulary) {
    let level = levels.get("additionalProperties").cloned().unwrap_or_default();
    let names = vocabulary.groups.iter().chain(&vocabulary.rules);
    let names: Map<String, Value> = names.map(|name| ((*name).to_owned(), level.clone())).collect();
    if let Some(levels) = levels.as_object_mut() {
        levels.insert("properties".to_owned(), Value::Object(names));
        levels.insert("additionalProperties".to_owned(), json!(false));
    }
}
