using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Conformance;

/// <summary>Pairs of successive playlists, written by hand: what §6.2.1 allows passes, and any other change of a listed segment is found.</summary>
public sealed class MutationRulesTests
{
    private const string Kept = "listed segments do not change";
    private const string KeptParts = "listed parts do not change";
    private const string Grown = "the open segment only grows";

    private static readonly Dictionary<string, Func<Example, Example>> Allowed = new()
    {
        ["nothing new"] = playlist => playlist,
        ["a part"] = playlist => playlist with { OpenParts = 3 },
        ["the end of the segment"] = playlist => playlist with { Segments = 13, OpenParts = 0 },
        ["the end of a segment that proves to be a gap"] = playlist => playlist with { Segments = 13, OpenParts = 0, Edit = text => text.Replace("#EXTINF:0.500000,\n12.m4s", "#EXT-X-GAP\n#EXTINF:0.500000,\n12.m4s") },
        ["the start leaves"] = playlist => playlist with { First = 3 },
        ["parts further back than three target durations leave"] = playlist => playlist with { Segments = 13, FirstWithParts = 7, OpenParts = 1 },
        ["seconds later"] = playlist => playlist with { First = 5, Segments = 16, FirstWithParts = 10 },
    };

    private static readonly Dictionary<string, (string Rule, string Old, string New)> Forbidden = new()
    {
        ["a date comes late"] = (Kept, "", ""),
        ["a date changes"] = (Kept, "00:00:05.000Z", "00:00:05.001Z"),
        ["a date of the open segment changes"] = (Grown, "00:00:06.000Z", "00:00:06.001Z"),
        ["a date leaves"] = (Kept, "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:05.000Z\n", ""),
        ["a duration is written otherwise"] = (Kept, "#EXTINF:0.500000,\n9.m4s", "#EXTINF:0.5,\n9.m4s"),
        ["a title comes late"] = (Kept, "#EXTINF:0.500000,\n9.m4s", "#EXTINF:0.500000,title\n9.m4s"),
        ["a URI changes"] = (Kept, "\n9.m4s", "\nnine.m4s"),
        ["the map changes"] = (Kept, "init-1", "init-2"),
        ["the map's other attributes change"] = (Kept, "init-1.mp4\"", "init-1.mp4\",BYTERANGE=\"700@0\""),
        ["a discontinuity comes late"] = (Kept, "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:05.000Z", "#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:05.000Z"),
        ["a segment becomes a gap"] = (Kept, "#EXTINF:0.500000,\n9.m4s", "#EXT-X-GAP\n#EXTINF:0.500000,\n9.m4s"),
        ["a tag that no one knows comes late"] = (Kept, "#EXTINF:0.500000,\n9.m4s", "#EXT-X-OTHER:1\n#EXTINF:0.500000,\n9.m4s"),
        ["a tag comes late in the open segment"] = (Grown, "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:06.000Z", "#EXT-X-OTHER:1\n#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:06.000Z"),
        ["a part changes"] = (KeptParts, "URI=\"9.1.m4s\"", "URI=\"9.1.m4s\",INDEPENDENT=YES"),
        ["a part's attribute comes late"] = (KeptParts, "URI=\"9.1.m4s\"", "URI=\"9.1.m4s\",BYTERANGE=\"700@0\""),
        ["a part near the end leaves"] = (KeptParts, "#EXT-X-PART:DURATION=0.250000,URI=\"9.1.m4s\"\n", ""),
        ["a part comes back"] = (KeptParts, "#EXTINF:0.500000,\n3.m4s", "#EXT-X-PART:DURATION=0.500000,URI=\"3.0.m4s\"\n#EXTINF:0.500000,\n3.m4s"),
        ["a part of the open segment changes"] = (Grown, "DURATION=0.250000,URI=\"12.0.m4s\"", "DURATION=0.240000,URI=\"12.0.m4s\""),
    };

    public static TheoryData<string> AllowedNames => new(Allowed.Keys);

    public static TheoryData<string> ForbiddenNames => new(Forbidden.Keys);

    [Theory, MemberData(nameof(AllowedNames))]
    public void Allows(string name)
    {
        ConformanceReport report = Compare(new Example(), Allowed[name](new Example()));
        Assert.Empty(report.Violations);
    }

    [Theory, MemberData(nameof(ForbiddenNames))]
    public void Finds(string name)
    {
        (string rule, string old, string replacement) = Forbidden[name];
        Func<string, string> edit = old.Length > 0 ? text => text.Replace(old, replacement) : text => text;
        Example before = name == "a date comes late" ? new Example { OnlyFirstHasDate = true } : new Example();
        Example after = name == "a date comes late" ? before with { First = 1 } : new Example { Edit = edit };
        Assert.True(old.Length == 0 || before.ToString().Contains(old, StringComparison.Ordinal));
        Assert.Contains(Compare(before, after).Violations, violation => violation.StartsWith(rule + ":", StringComparison.Ordinal));
    }

    private static ConformanceReport Compare(Example before, Example after)
    {
        var report = new ConformanceReport();
        MutationRules.Check(Parse(before), Parse(after), "example", report);
        return report;
    }

    private static MediaPlaylistDocument Parse(Example example)
    {
        Assert.True(MediaPlaylistParser.TryParse(example.ToString(), out MediaPlaylistDocument? document, out string? error), error);
        return document;
    }

    /// <summary>Segments of half a second, two parts each, and an open one.</summary>
    private sealed record Example
    {
        public int First { get; init; }

        public int Segments { get; init; } = 12;

        public int FirstWithParts { get; init; } = 6;

        public int OpenParts { get; init; } = 1;

        public bool OnlyFirstHasDate { get; init; }

        public Func<string, string> Edit { get; init; } = text => text;

        public override string ToString()
        {
            var lines = new List<string> { "#EXTM3U", "#EXT-X-VERSION:9", "#EXT-X-TARGETDURATION:1", $"#EXT-X-MEDIA-SEQUENCE:{First}", "#EXT-X-MAP:URI=\"init-1.mp4\"" };
            for (int msn = First; msn <= Segments; msn++)
            {
                int parts = msn == Segments ? OpenParts : msn >= FirstWithParts ? 2 : 0;
                if (msn == Segments && parts == 0) { break; }
                if (msn == First || !OnlyFirstHasDate) { lines.Add($"#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:{msn / 2:D2}.{msn % 2 * 5}00Z"); }
                for (int part = 0; part < parts; part++) { lines.Add($"#EXT-X-PART:DURATION=0.250000,URI=\"{msn}.{part}.m4s\""); }
                if (msn < Segments) { lines.AddRange(["#EXTINF:0.500000,", $"{msn}.m4s"]); }
            }
            return Edit(string.Join('\n', lines) + "\n");
        }
    }
}
