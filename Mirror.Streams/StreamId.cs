using System.Text.RegularExpressions;

namespace Mirror.Streams;

/// <summary>The rule for stream names: what may stand in a URL, a file name and a blob name alike.</summary>
public static partial class StreamId
{
    /// <summary>The rule in words, for error messages.</summary>
    public const string Rule = "1 to 64 letters, digits, '-' and '_', starting with a letter or a digit";

    /// <summary>Whether <paramref name="id"/> is a legal stream name.</summary>
    public static bool IsValid(string? id) => id is not null && Pattern().IsMatch(id);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Pattern();
}
