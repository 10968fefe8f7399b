package tapedeck.api;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.HttpExchange;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// JSON in and out.
final class Json {
    static final int MAX_BODY_BYTES = 1 << 20;
    static final int MAX_DEPTH = 64;
    static final int MAX_NUMBER_CHARACTERS = 100;

    private static final String TYPE = "application/json";

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .maxNumberLength(MAX_NUMBER_CHARACTERS)
                            .maxDocumentLength(MAX_BODY_BYTES)
                            .build())
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    /// A JSON object of a request; members that nobody asks for are ignored.
    record Body(JsonNode object) {
        /// @throws MalformedException unless the member is there and a string
        String text(String name) {
            return optionalText(name).orElseThrow(() -> new MalformedException("\"%s\" is missing".formatted(name)));
        }

        /// Empty also for null.
        Optional<String> optionalText(String name) {
            JsonNode value = object.path(name);
            if (value.isMissingNode() || value.isNull()) {
                return Optional.empty();
            }
            if (!value.isString()) {
                throw new MalformedException("\"%s\" has to be a string".formatted(name));
            }
            return Optional.of(value.stringValue());
        }

        /// All members that are strings, numbers, true or false, in their order.
        Map<String, String> texts() {
            Map<String, String> texts = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> member : object.properties()) {
                JsonNode value = member.getValue();
                if (value.isString()) {
                    texts.put(member.getKey(), value.stringValue());
                } else if (value.isNumber() || value.isBoolean()) {
                    texts.put(member.getKey(), value.toString());
                }
            }
            return texts;
        }

        /// A whole number, also one that is written as a string.
        Optional<Long> optionalNumber(String name) {
            JsonNode value = object.path(name);
            if (value.isMissingNode() || value.isNull()) {
                return Optional.empty();
            }
            String text = value.isString() ? value.stringValue() : value.toString();
            if (!text.matches("-?\\d{1,18}")) {
                throw new MalformedException("\"%s\" has to be a whole number".formatted(name));
            }
            return Optional.of(Long.valueOf(text));
        }

        /// true or false, also written as a string, as some clients do.
        Optional<Boolean> optionalFlag(String name) {
            JsonNode value = object.path(name);
            if (value.isMissingNode() || value.isNull()) {
                return Optional.empty();
            }
            return switch (value.isString() ? value.stringValue() : value.toString()) {
                case "true" -> Optional.of(true);
                case "false" -> Optional.of(false);
                default -> throw new MalformedException("\"%s\" has to be true or false".formatted(name));
            };
        }

        /// An empty object if the member is not there.
        Body object(String name) {
            JsonNode value = object.path(name);
            if (value.isMissingNode() || value.isNull()) {
                return new Body(MAPPER.createObjectNode());
            }
            if (!value.isObject()) {
                throw new MalformedException("\"%s\" has to be an object".formatted(name));
            }
            return new Body(value);
        }
    }

    /// The body of a request; an empty one counts as an empty object.
    ///
    /// @throws MalformedException if it is no JSON object
    static Body body(HttpExchange exchange) throws Exception {
        Bytes bytes = exchange.body(MAX_BODY_BYTES);
        if (bytes.isEmpty()) {
            return new Body(MAPPER.createObjectNode());
        }
        return parse(bytes);
    }

    static Body parse(Bytes bytes) {
        JsonNode node;
        try {
            node = MAPPER.readTree(bytes.toByteArray());
        } catch (JacksonException e) {
            throw new MalformedException("the body is no JSON: " + e.getOriginalMessage(), e);
        }
        if (!node.isObject()) {
            throw new MalformedException("the body has to be a JSON object");
        }
        return new Body(node);
    }

    /// What a caller made himself.
    static Body of(Map<String, ?> members) {
        return new Body(MAPPER.valueToTree(members));
    }

    static Bytes bytes(Object answer) {
        return Bytes.wrap(MAPPER.writeValueAsBytes(answer));
    }

    static void respond(HttpExchange exchange, Object answer) throws Exception {
        exchange.set("Cache-Control", "no-store");
        exchange.respond(200, TYPE, bytes(answer));
    }
}
