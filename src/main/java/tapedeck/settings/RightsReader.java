package tapedeck.settings;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tapedeck.settings.Settings.Rights.Proof;

/// The keys about who may publish and play.
final class RightsReader {
    static final List<String> KEYS = List.of(
            "publish_auth",
            "play_auth",
            "auth_users",
            "auth_jwt_secret",
            "auth_jwks_url",
            "auth_jwt_issuer",
            "auth_jwt_audience",
            "auth_webhook_url",
            "auth_webhook_timeout");

    /// RFC 7518 3.2: a key of HS256 is no shorter than its hash.
    static final int MIN_SECRET_BYTES = 32;

    private static final String ADDRESS_NEEDED = "an address like https://host/path without a password is needed";
    private static final int DEFAULT_TIMEOUT_SECONDS = 5;
    private static final int MAX_TIMEOUT_SECONDS = 30;

    private final SettingsSource source;
    private final SettingValues values;

    RightsReader(SettingsSource source, SettingValues values) {
        this.source = source;
        this.values = values;
    }

    Settings.Rights rights() throws SettingsException {
        Settings.Jwt jwt = jwt();
        Settings.AuthWebhook webhook = new Settings.AuthWebhook(
                address("auth_webhook_url"),
                values.number("auth_webhook_timeout", DEFAULT_TIMEOUT_SECONDS, 1, MAX_TIMEOUT_SECONDS));
        return new Settings.Rights(
                proof("publish_auth", jwt, webhook),
                proof("play_auth", jwt, webhook),
                values.path("auth_users", Path.of("conf", "users.properties")),
                jwt,
                webhook);
    }

    /// What is asked for has to be something that can be checked.
    private Proof proof(String key, Settings.Jwt jwt, Settings.AuthWebhook webhook) throws SettingsException {
        Proof proof = values.choice(key, Proof.NONE);
        String value = proof.name().toLowerCase(Locale.ROOT);
        if (proof == Proof.JWT && jwt.secret().isEmpty() && jwt.keys().isEmpty()) {
            throw source.refuse(key, value, "auth_jwt_secret or auth_jwks_url has to be set");
        }
        if (proof == Proof.WEBHOOK && webhook.url().isEmpty()) {
            throw source.refuse(key, value, "auth_webhook_url has to be set");
        }
        return proof;
    }

    private Settings.Jwt jwt() throws SettingsException {
        String secret = values.text("auth_jwt_secret", "");
        if (!secret.isEmpty() && secret.getBytes(StandardCharsets.UTF_8).length < MIN_SECRET_BYTES) {
            throw source.refuse(
                    "auth_jwt_secret",
                    "…",
                    "at least %d bytes are needed, as RFC 7518 3.2 says".formatted(MIN_SECRET_BYTES));
        }
        String key = "auth_jwks_url";
        Optional<URI> keys = address(key);
        // Whoever can change an answer on its way would sign what it likes.
        if (keys.isPresent() && "http".equalsIgnoreCase(keys.get().getScheme()) && !isOwnMachine(keys.get())) {
            throw source.refuse(key, values.text(key, ""), ADDRESS_NEEDED + "; http only to this machine");
        }
        if (keys.isPresent() && !secret.isEmpty()) {
            throw source.refuse(key, values.text(key, ""), "either this or auth_jwt_secret");
        }
        return new Settings.Jwt(secret, keys, values.text("auth_jwt_issuer", ""), values.text("auth_jwt_audience", ""));
    }

    /// Never asks a name server.
    private static boolean isOwnMachine(URI uri) {
        String host = uri.getHost();
        if (host.equalsIgnoreCase("localhost")) {
            return true;
        }
        try {
            return InetAddress.ofLiteral(host.replaceAll("^\\[|]$", "")).isLoopbackAddress();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private Optional<URI> address(String key) throws SettingsException {
        String value = values.text(key, "");
        if (value.isEmpty()) {
            return Optional.empty();
        }
        try {
            URI url = new URI(value);
            boolean http = "http".equalsIgnoreCase(url.getScheme()) || "https".equalsIgnoreCase(url.getScheme());
            if (http && url.getHost() != null && url.getUserInfo() == null) {
                return Optional.of(url);
            }
        } catch (URISyntaxException _) {
            // Refused below.
        }
        throw source.refuse(key, value, ADDRESS_NEEDED);
    }
}
