using System.Collections.Concurrent;
using System.Text;

namespace Mirror.EndToEnd.Conformance;

/// <summary>What a walk saw: how often each rule was checked, and each time that one was broken.</summary>
public sealed class ConformanceReport
{
    private const int MostViolationsOfARule = 5;
    private readonly ConcurrentDictionary<string, int> _checks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _broken = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _violations = new();

    /// <summary>Media playlists walked.</summary>
    public int Renditions { get; internal set; }

    /// <summary>Blocking reloads answered, over all renditions.</summary>
    public int Reloads => Count("reload");

    /// <summary>Rules that were broken, in order of discovery, a few examples of each; empty is the aim.</summary>
    public IReadOnlyCollection<string> Violations => _violations;

    /// <summary>How often a rule was checked: <c>parts = segment</c>.</summary>
    public int Count(string rule) => _checks.GetValueOrDefault(rule);

    /// <summary>Counts a check, and notes a violation where <paramref name="holds"/> is false.</summary>
    internal bool Check(string rule, bool holds, string detail)
    {
        _checks.AddOrUpdate(rule, 1, static (_, count) => count + 1);
        if (!holds && _broken.AddOrUpdate(rule, 1, static (_, count) => count + 1) <= MostViolationsOfARule) { _violations.Enqueue($"{rule}: {detail}"); }
        return holds;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder($"{Renditions} renditions, {Reloads} reloads, {_checks.Values.Sum()} checks, {_broken.Values.Sum()} violations");
        foreach ((string rule, int count) in _checks.OrderBy(check => check.Key, StringComparer.Ordinal)) { text.Append($"\n  {count,6} × {rule}"); }
        foreach (string violation in _violations.Take(20)) { text.Append($"\n  VIOLATED {violation}"); }
        return text.ToString();
    }
}
