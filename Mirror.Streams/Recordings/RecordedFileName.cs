using System.Globalization;
using System.Text.RegularExpressions;

namespace Mirror.Streams.Recordings;

/// <summary>Names of the files of a recording: <c>{rendition}/{msn}.m4s</c>, initialization segments beside, and above them <see cref="Summary"/>.</summary>
public static partial class RecordedFileName
{
    /// <summary>What a complete recording is, in short: <see cref="RecordingSummary"/> as JSON.</summary>
    public const string Summary = "summary.json";

    /// <summary>The index, which only <see cref="IRecordingArchive.AppendIndexAsync"/> writes.</summary>
    public const string Index = "index.jsonl";

    /// <summary>The file of a segment.</summary>
    public static string OfSegment(string rendition, long msn) => string.Create(CultureInfo.InvariantCulture, $"{rendition}/{msn}.m4s");

    /// <summary>The file of an initialization segment.</summary>
    public static string OfInit(string rendition, string name) => $"{rendition}/{name}";

    /// <summary>Whether <paramref name="name"/> may name an initialization segment.</summary>
    public static bool IsInit(string? name) => name is not null && InitPattern().IsMatch(name);

    /// <summary>Throws where a key or a file's name breaks the rules: both are made by Mirror, from parts that it has checked.</summary>
    /// <exception cref="ArgumentException">One does.</exception>
    internal static void ThrowIfInvalid(RecordingKey recording, string file)
    {
        if (!recording.IsValid) { throw new ArgumentException($"'{recording}' is no name of a recording.", nameof(recording)); }
        if (file == Index || !FilePattern().IsMatch(file)) { throw new ArgumentException($"'{file}' is no name of a recorded file.", nameof(file)); }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.mp4\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex InitPattern();

    [GeneratedRegex(@"\A([A-Za-z0-9][A-Za-z0-9_-]{0,63}/)?[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.(m4s|mp4|json)\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex FilePattern();
}
