package tapedeck.settings;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The keys about streams that are fetched and sent: `pull=NAME ADDRESS option=value, NAME ADDRESS`.
final class RelaysReader {
    static final List<String> KEYS = List.of("pull", "push", "pull_allow", "pull_hold", "relay_tls_ca");

    /// Of each kind.
    static final int MAX_RELAYS = 200;

    private static final String ALLOWED = "NAME ADDRESS option=value, NAME ADDRESS … (separated by comma and space)";
    private static final int DEFAULT_HOLD_SECONDS = 60;
    private static final int MAX_HOLD_SECONDS = 86_400;

    private final SettingsSource source;
    private final SettingValues values;

    RelaysReader(SettingsSource source, SettingValues values) {
        this.source = source;
        this.values = values;
    }

    Settings.Relays relays() throws SettingsException {
        return new Settings.Relays(
                relayed("pull"),
                relayed("push"),
                values.list("pull_allow"),
                values.number("pull_hold", DEFAULT_HOLD_SECONDS, 0, MAX_HOLD_SECONDS),
                values.text("relay_tls_ca", ""));
    }

    private List<Settings.Relayed> relayed(String key) throws SettingsException {
        List<Settings.Relayed> all = new ArrayList<>();
        // A comma alone may be part of an address.
        for (String item : values.text(key, "").split(",(?:\\s+|$)", -1)) {
            if (!item.isBlank()) {
                all.add(one(key, item.strip().split("\\s+", -1)));
            }
        }
        if (all.size() > MAX_RELAYS) {
            throw source.refuse(key, all.size() + " of them", "at most %d".formatted(MAX_RELAYS));
        }
        return all;
    }

    private Settings.Relayed one(String key, String[] words) throws SettingsException {
        Map<String, String> options = new LinkedHashMap<>();
        for (int i = 2; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            if (equals < 1) {
                // Without the value: it may hold a password.
                throw source.refuse(key, words[0] + " …", ALLOWED);
            }
            options.put(words[i].substring(0, equals), words[i].substring(equals + 1));
        }
        if (words.length < 2 || !words[1].contains("://")) {
            throw source.refuse(key, words[0] + " …", ALLOWED);
        }
        return new Settings.Relayed(words[0], words[1], options);
    }
}
