//! Every kind of problem that the gateway answers: its name, its HTTP status, and what it says.

use http::StatusCode;

/// Who has to do something about a problem; it sets the level of the log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller.
    Caller,
    /// The news site.
    Site,
    /// The operator of this service.
    Ours,
}

macro_rules! kinds {
    ($($kind:ident $slug:literal $status:ident $fault:ident $retryable:literal $title:literal $detail:literal;)*) => {
        /// A kind of problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemKind {
            $(#[doc = $title] $kind,)*
        }

        impl ProblemKind {
            /// All kinds, in the order of this file.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Its stable name: the end of the problem's `type`.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$kind => $slug,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$kind => StatusCode::$status,)* }
            }

            /// Who has to do something about it.
            pub const fn fault(self) -> Fault {
                match self { $(Self::$kind => Fault::$fault,)* }
            }

            /// Whether the same request may succeed later.
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$kind => $retryable,)* }
            }

            /// What happened, in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)* }
            }

            /// What happened and what to do next, when nothing more is known.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$kind => $detail,)* }
            }
        }
    };
}

kinds! {
    // The request
    InvalidUrl "invalid-url" BAD_REQUEST Caller false "That is no web address"
        "Give the whole address of an article, beginning with http:// or https://, without a user name and of at most \
         2048 characters.";
    InvalidOption "invalid-option" BAD_REQUEST Caller false "An option has a value that it can't have"
        "Pick one of the values that the API description lists.";
    InvalidQuery "invalid-query" BAD_REQUEST Caller false "The query can't be understood"
        "Check the names and values after the question mark in the address.";
    InvalidJson "invalid-json" BAD_REQUEST Caller false "The body is not JSON"
        "Send the request's body as valid JSON.";
    InvalidBody "invalid-body" BAD_REQUEST Caller false "The body doesn't have the expected shape"
        "Check the fields' names and types against the API description.";
    UrlXorText "url-xor-text" BAD_REQUEST Caller false "Give an address or a text"
        "Give either the address of an article or a text: exactly one of the two.";
    EmptyInput "empty-input" BAD_REQUEST Caller false "There is no text"
        "Give some text to summarize.";
    InputTooLarge "input-too-large" PAYLOAD_TOO_LARGE Caller false "The text is too long"
        "Give a shorter text.";
    BodyTooLarge "body-too-large" PAYLOAD_TOO_LARGE Caller false "The request is too large"
        "Shorten the text and send it again.";
    SlowRequest "slow-request" REQUEST_TIMEOUT Caller false "The request took too long to arrive"
        "Send the request again, over a faster connection or with less text.";
    UnsupportedMediaType "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE Caller false "The body has the wrong type"
        "Send JSON and say so with the header Content-Type: application/json.";
    NotFound "not-found" NOT_FOUND Caller false "There is nothing here"
        "Check the address, or begin at the front page.";
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED Caller false "This address takes another method"
        "Use one of the methods that the Allow header lists.";
    // The article
    UnknownSource "unknown-source" NOT_FOUND Caller false "There is no such source"
        "Pick one of the sources that are listed (GET /api/v1/sources).";
    PrivateAddress "private-address" FORBIDDEN Caller false "That address is not public"
        "The address leads to a private network, which is never fetched; give a public one.";
    RobotsDisallowed "robots-disallowed" FORBIDDEN Caller false "The site does not want to be read by programs"
        "The site's robots.txt forbids this page; open it in the browser and paste its text.";
    Unreachable "unreachable" BAD_GATEWAY Site true "The site can't be reached"
        "Check the address for typing errors, or try again later.";
    SiteTimeout "site-timeout" GATEWAY_TIMEOUT Site true "The site is too slow"
        "The site did not answer in time; try again later.";
    TooManyRedirects "too-many-redirects" BAD_GATEWAY Site false "The address leads in circles"
        "The site sends us on too many times; give the article's final address.";
    PageTooLarge "page-too-large" BAD_GATEWAY Site false "The page is too large"
        "The page is larger than any article; paste its text instead.";
    UnsupportedContent "unsupported-content" UNPROCESSABLE_ENTITY Caller false "That is no web page"
        "Only HTML pages can be read; give the address of an article.";
    SiteError "site-error" BAD_GATEWAY Site true "The site answered with an error"
        "Try again later, or paste the article's text.";
    PageNotFound "page-not-found" NOT_FOUND Caller false "The site has no such page"
        "The article is gone or never was there; check the address.";
    NotArticle "not-article" UNPROCESSABLE_ENTITY Caller false "That page is no article"
        "No article text was found on the page; give the address of a single article, or paste its text.";
    Paywalled "paywalled" UNPROCESSABLE_ENTITY Caller false "The article is for subscribers"
        "The site shows its text to subscribers only; if you are one, paste the text.";
    Blocked "blocked" BAD_GATEWAY Site false "The site turned us away"
        "The site asks for a proof of being human or for consent first; open it in the browser and paste its text.";
    MalformedPage "malformed-page" UNPROCESSABLE_ENTITY Caller false "The page can't be read"
        "The page's HTML is broken beyond repair; paste the article's text.";
    NoHeadlines "no-headlines" BAD_GATEWAY Site true "The source has no headlines"
        "The source lists no article right now; try again later or pick another source.";
    Busy "busy" TOO_MANY_REQUESTS Ours true "Too many articles are being read right now"
        "Try again in a moment.";
    // The summary
    NothingToSummarize "nothing-to-summarize" UNPROCESSABLE_ENTITY Caller false "There is nothing to summarize"
        "The text holds nothing but headings, captions and notes; give one with whole sentences.";
    EngineUnavailable "engine-unavailable" UNPROCESSABLE_ENTITY Caller false "That engine is not available here"
        "Pick the extractive engine, or leave the choice open; GET /api/v1/models lists what there is.";
    UnknownModel "unknown-model" NOT_FOUND Caller false "There is no such model"
        "Leave the choice of a model open; GET /api/v1/models lists what there is.";
    ModelNotReady "model-not-ready" SERVICE_UNAVAILABLE Ours true "The model is not ready yet"
        "Try again in a moment, or pick the extractive engine.";
    QueueFull "queue-full" TOO_MANY_REQUESTS Ours true "Too many summaries are being written right now"
        "Try again in a moment.";
    SummaryInterrupted "summary-interrupted" BAD_GATEWAY Ours true "The summary broke off"
        "The summarizer went away before it was done; try again.";
    // The house
    ScraperUnavailable "scraper-unavailable" SERVICE_UNAVAILABLE Ours true "Articles can't be read right now"
        "The service that reads articles is down; try again in a moment, or paste a text.";
    SummarizerUnavailable "summarizer-unavailable" SERVICE_UNAVAILABLE Ours true
        "Summaries can't be written right now"
        "The service that writes summaries is down; try again in a moment.";
    DeadlineExceeded "deadline-exceeded" GATEWAY_TIMEOUT Ours true "It took too long"
        "The answer was not there in time; try again.";
    ShuttingDown "shutting-down" SERVICE_UNAVAILABLE Ours true "The service is restarting"
        "Try again in a moment.";
    Internal "internal" INTERNAL_SERVER_ERROR Ours true "Something went wrong here"
        "It is our fault; try again, and tell the operator the request id if it goes on.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn slugs_are_unique_and_details_are_sentences() {
        let slugs: HashSet<&str> = ProblemKind::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(slugs.len(), ProblemKind::ALL.len());
        for kind in ProblemKind::ALL {
            assert!(kind.slug().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{kind:?}");
            assert!(kind.detail().ends_with('.') && !kind.title().ends_with('.'), "{kind:?}");
            assert!(kind.status().is_client_error() || kind.status().is_server_error(), "{kind:?}");
        }
    }

    #[test]
    fn a_callers_mistake_is_never_a_server_error() {
        for kind in ProblemKind::ALL.iter().filter(|kind| kind.fault() == Fault::Caller) {
            assert!(kind.status().is_client_error() && !kind.is_retryable(), "{kind:?}");
        }
    }
}
