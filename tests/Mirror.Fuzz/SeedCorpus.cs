using System.Security.Cryptography;

namespace Mirror.Fuzz;

/// <summary>
/// The files of corpus: a folder per target, a file per input, and in <c>seeds.txt</c> a line for each file: its name, then "covers" and the
/// syntax that it reaches, or "fault:" and what it once did.
/// </summary>
public sealed class SeedCorpus(string folder)
{
    private const string NotesFile = "seeds.txt";
    private const string Extension = ".bin";
    private const int NameBytes = 8;

    /// <summary>The files beside the program.</summary>
    public static SeedCorpus Built { get; } = new(Path.Combine(AppContext.BaseDirectory, "corpus"));

    /// <summary>The names of all folders.</summary>
    public IReadOnlyList<string> Targets => Directory.Exists(folder) ? [.. Directory.EnumerateDirectories(folder).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)] : [];

    /// <summary>The inputs of a target by file name.</summary>
    public IReadOnlyDictionary<string, byte[]> Inputs(string target)
    {
        string path = Path.Combine(folder, target);
        if (!Directory.Exists(path)) { return new Dictionary<string, byte[]>(); }
        return Directory.EnumerateFiles(path, "*" + Extension).Order(StringComparer.Ordinal).ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);
    }

    /// <summary>The notes of a target by file name.</summary>
    public IReadOnlyDictionary<string, string> Notes(string target)
    {
        string path = Path.Combine(folder, target, NotesFile);
        if (!File.Exists(path)) { return new Dictionary<string, string>(); }
        return File.ReadLines(path).Where(line => line.Length > 0).Select(line => line.Split(' ', 2)).ToDictionary(words => words[0], words => words.Length > 1 ? words[1] : "");
    }

    /// <summary>Adds an input that went wrong, with the first line of what it did.</summary>
    /// <returns>The path of its file.</returns>
    public string Add(string target, byte[] input, string problem)
    {
        string name = Convert.ToHexStringLower(SHA256.HashData(input).AsSpan(0, NameBytes)) + Extension;
        string path = Path.Combine(folder, target, name);
        bool isNew = !File.Exists(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, input);
        if (isNew) { File.AppendAllText(Path.Combine(folder, target, NotesFile), $"{name} fault: {problem.Split('\n')[0].Trim()}\n"); }
        return path;
    }
}
