package tapedeck.rights;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.settings.Settings;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/// Another server's word, asked for by POST of JSON: 200 allows, anything else refuses.
final class HookGuard implements Guard {
    private static final Logger log = LoggerFactory.getLogger(HookGuard.class);
    private static final int OK = 200;

    private final URI url;
    private final OutsideCalls calls;
    private final ProblemLog problems;
    private final ObjectMapper json = JsonMapper.builder().build();

    /// @param token the bearer token or `token` of the address; else the password
    record Question(
            String action,
            String stream,
            String protocol,
            String address,
            String user,
            String token,
            Map<String, String> parameters) {}

    HookGuard(Settings.AuthWebhook settings, LongSupplier nanoClock) {
        url = settings.url().orElseThrow();
        calls = new OutsideCalls(Duration.ofSeconds(settings.timeoutSeconds()));
        problems = new ProblemLog(log::warn, nanoClock);
    }

    @Override
    public Decision may(Request request) throws InterruptedException {
        Request.Credentials shown = request.credentials();
        Question question = new Question(
                request.action().word(),
                request.stream(),
                request.protocol(),
                request.address().getHostAddress(),
                shown.user(),
                shown.secret(),
                request.parameters());
        HttpRequest post = HttpRequest.newBuilder(url)
                .header("Content-Type", "application/json")
                .header("User-Agent", "Tapedeck")
                .POST(HttpRequest.BodyPublishers.ofString(json.writeValueAsString(question)))
                .build();
        int status;
        try {
            status = calls.send(post).status();
        } catch (IOException e) {
            String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            problems.say("auth_webhook_url: %s does not answer, so nobody may %s: %s"
                    .formatted(url.getHost(), question.action(), why));
            return new Decision.Unavailable("who may is not known at the moment");
        }
        if (status == OK) {
            return new Decision.Allowed("");
        }
        if (status >= 500) {
            problems.say("auth_webhook_url: %s answers %d".formatted(url.getHost(), status));
            return new Decision.Unavailable("who may is not known at the moment");
        }
        return refused(shown);
    }

    private static Decision refused(Request.Credentials shown) {
        return shown.user().isEmpty() && shown.secret().isEmpty()
                ? new Decision.Unproven(Decision.Unproven.Cause.MISSING, "a token is needed")
                : new Decision.Unproven(Decision.Unproven.Cause.WRONG, "what was shown allows nothing here");
    }

    @Override
    public void close() {
        calls.close();
    }
}
