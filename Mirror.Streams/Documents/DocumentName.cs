using System.Text.RegularExpressions;

namespace Mirror.Streams.Documents;

/// <summary>The rule for names of documents: what may stand in a file path, a blob name and a Redis key alike.</summary>
public static partial class DocumentName
{
    /// <summary>Throws where a name breaks the rule: names are made by Mirror, from parts that it has checked.</summary>
    /// <exception cref="ArgumentException">It does.</exception>
    public static void ThrowIfInvalid(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsValid(name)) { throw new ArgumentException($"'{name}' is no name of a document.", nameof(name)); }
    }

    /// <summary>Whether a name keeps the rule.</summary>
    public static bool IsValid(string name) => Pattern().IsMatch(name);

    [GeneratedRegex(@"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,7}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
