//! What a broker is hit with, where it takes more than a transcript can say.
