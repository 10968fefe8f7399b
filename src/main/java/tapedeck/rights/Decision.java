package tapedeck.rights;

/// Whether a peer may.
public sealed interface Decision {
    /// It may.
    ///
    /// @param login the peer's name; "" where it showed none that was checked
    record Allowed(String login) implements Decision {}

    /// It may not.
    sealed interface Refused extends Decision {
        /// In words, for the peer: says nothing of what would have been right.
        String reason();
    }

    /// Nobody knows who it is.
    record Unproven(Cause cause, String reason) implements Refused {
        public enum Cause {
            /// Nothing was shown.
            MISSING,
            /// What was shown is wrong: the only cause that counts as a guess.
            WRONG,
            /// It is of the right hand, but not for now or not for this server.
            STALE
        }
    }

    /// It is known, and has not this right.
    record Forbidden(String reason) implements Refused {}

    /// Too many wrong guesses came from its address.
    record Wait(String reason, long seconds) implements Refused {}

    /// Whoever knows does not answer. Nobody may meanwhile.
    record Unavailable(String reason) implements Refused {}
}
