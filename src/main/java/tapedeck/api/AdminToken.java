package tapedeck.api;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one secret of the server, made at random at the first start and kept in a file that only its owner can read.
///
/// What leaves the server (session cookies, signed links) is made with keys derived from it, each for one purpose, so
/// that nothing in a browser or an address can be turned back into the token. A new token ends all of them.
final class AdminToken {
    static final String FILE_NAME = "admin-token";
    /// A token that somebody wrote by hand must be at least so long.
    static final int MIN_CHARACTERS = 16;

    private static final Logger log = LoggerFactory.getLogger(AdminToken.class);
    private static final int RANDOM_BYTES = 32;
    private static final int MAX_FILE_BYTES = 4096;
    private static final String HMAC = "HmacSHA256";

    private final byte[] secret;
    private final byte[] digest;

    private AdminToken(String token) {
        secret = token.getBytes(StandardCharsets.UTF_8);
        digest = sha256(token);
    }

    /// Reads the token of `dataDir`, or makes one and says in the log where it is.
    static AdminToken open(Path dataDir) throws IOException {
        Path file = dataDir.resolve(FILE_NAME);
        Files.createDirectories(dataDir);
        if (!Files.exists(file)) {
            create(file);
        }
        if (Files.size(file) > MAX_FILE_BYTES) {
            throw new IOException("%s: larger than a token".formatted(file));
        }
        String token = Files.readString(file).strip();
        if (token.length() < MIN_CHARACTERS) {
            throw new IOException("%s: a token needs at least %d characters; delete the file to get a new one"
                    .formatted(file, MIN_CHARACTERS));
        }
        warnIfOthersCanRead(file);
        return new AdminToken(token);
    }

    private static void create(Path file) throws IOException {
        byte[] random = new byte[RANDOM_BYTES];
        new SecureRandom().nextBytes(random);
        String token = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        FileAttribute<Set<PosixFilePermission>> owner =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        try (FileChannel out =
                FileChannel.open(file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), owner)) {
            ByteBuffer line = StandardCharsets.US_ASCII.encode(token + "\n");
            while (line.hasRemaining()) {
                out.write(line);
            }
            log.info("The admin token for access from other machines is in {}", file.toAbsolutePath());
        } catch (FileAlreadyExistsException e) {
            log.debug("{} was made meanwhile", file, e);
        }
    }

    private static void warnIfOthersCanRead(Path file) throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
        if (permissions.contains(PosixFilePermission.GROUP_READ)
                || permissions.contains(PosixFilePermission.OTHERS_READ)) {
            log.warn("{} can be read by other users: chmod 600 it", file.toAbsolutePath());
        }
    }

    /// Takes the same time whatever is given: both sides are hashed to one length first.
    boolean matches(String given) {
        return MessageDigest.isEqual(digest, sha256(given));
    }

    /// The authenticator of `text` under a key that serves `purpose` alone, as 43 characters that need no escaping.
    String sign(String purpose, String text) {
        byte[] key = hmac(secret, purpose);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(hmac(key, text));
    }

    /// Whether `signature` is that of [#sign].
    boolean verifies(String purpose, String text, String signature) {
        return MessageDigest.isEqual(
                sign(purpose, text).getBytes(StandardCharsets.UTF_8), signature.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(new SecretKeySpec(key, HMAC));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HmacSHA256", e);
        }
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
