"""Make a text smaller while something stays true of it."""
import re

TOKEN = re.compile(r"\s+|/\*.*?\*/|#[^\n]*|\$\{|''|[A-Za-z_][A-Za-z0-9_'-]*|[0-9.]+|==|!=|<=|>=|&&|\|\||->|//|\+\+|\\.|.", re.S)
CLOSING = {"(": ")", "[": "]", "{": "}", "${": "}"}
MOST_TRIALS = 400


def groups(tokens):
    """Ranges of tokens between brackets that belong together, the largest first."""
    stack, found = [], []
    for at, token in enumerate(tokens):
        if token in CLOSING:
            stack.append(at)
        elif stack and token == CLOSING[tokens[stack[-1]]]:
            found.append((stack.pop(), at + 1))
    return sorted(found, key=lambda pair: pair[0] - pair[1])


def candidates(text):
    """Smaller texts, the smallest first as far as that is easy to tell."""
    tokens = TOKEN.findall(text)
    ranges = groups(tokens)
    for start, end in ranges:
        yield "".join(tokens[start:end])
        yield "".join(tokens[start + 1:end - 1])
    for start, end in ranges:
        for other in ["1", "{ }", "[ ]", '""', ""]:
            yield "".join(tokens[:start] + [other] + tokens[end:])
        yield "".join(tokens[:start] + tokens[start + 1:end - 1] + tokens[end:])
    size = max(1, len(tokens) // 2)
    while size >= 1:
        for start in range(0, len(tokens), max(1, size // 2)):
            yield "".join(tokens[:start] + tokens[start + size:])
        size //= 2


def minimized(text, still):
    """The smallest text found for which `still` is true, as it is for `text`."""
    trials = 0
    tried = {text}
    while trials < MOST_TRIALS:
        for candidate in candidates(text):
            if len(candidate) >= len(text) or candidate in tried:
                continue
            tried.add(candidate)
            trials += 1
            if trials > MOST_TRIALS or still(candidate):
                break
        else:
            return text
        if trials <= MOST_TRIALS:
            text = candidate
    return text
