package tapedeck.rights;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.Digest;

/// What is kept of a user: `pbkdf2-sha256$…`, and where Digest is wanted, behind semicolons what it needs, which is
/// guessed a million times faster: `;md5=…;sha-256=…`.
///
/// @param secrets that [Digest#secret] made; none where Digest is not possible
record UserLine(PasswordHash hash, Map<Digest.Algorithm, String> secrets) {
    UserLine {
        secrets = Map.copyOf(secrets);
    }

    static UserLine of(String name, String password, UserFile.Kept kept) {
        Map<Digest.Algorithm, String> secrets = new EnumMap<>(Digest.Algorithm.class);
        if (kept == UserFile.Kept.DIGEST_TOO) {
            for (Digest.Algorithm algorithm : Digest.Algorithm.values()) {
                secrets.put(algorithm, Digest.secret(algorithm, name, DigestProof.REALM, password));
            }
        }
        return new UserLine(PasswordHash.of(password, PasswordHash.ITERATIONS), secrets);
    }

    static UserLine parse(String text) {
        String[] parts = text.split(";", -1);
        Map<Digest.Algorithm, String> secrets = new EnumMap<>(Digest.Algorithm.class);
        for (int i = 1; i < parts.length; i++) {
            String[] pair = parts[i].strip().split("=", 2);
            if (pair.length < 2 || pair[0].isEmpty() || !pair[1].matches("[0-9a-f]{32}|[0-9a-f]{64}")) {
                throw new MalformedException("digest: md5=… or sha-256=… is needed behind the hash");
            }
            Digest.Algorithm algorithm = Digest.Algorithm.named(pair[0])
                    .orElseThrow(() -> new MalformedException("digest: md5=… or sha-256=… is needed"));
            secrets.put(algorithm, pair[1]);
        }
        return new UserLine(PasswordHash.parse(parts[0]), secrets);
    }

    String text() {
        List<String> parts = new ArrayList<>();
        parts.add(hash.text());
        secrets.forEach((algorithm, secret) -> parts.add(algorithm.word().toLowerCase(Locale.ROOT) + "=" + secret));
        return String.join(";", parts);
    }

    @Override
    public String toString() {
        return "UserLine[…]";
    }
}
