using System.Text;
using Mirror.Functions.Hooks;

namespace Mirror.Functions.Tests.Hooks;

/// <summary>A file of lines that is put aside when it is full.</summary>
public sealed class JsonLinesFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-lines-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_full_file_is_put_aside_and_the_oldest_goes()
    {
        string path = Path.Combine(_folder, "deep", "events.jsonl");
        var file = new JsonLinesFile(path, mostBytes: 20);
        for (int i = 0; i < 20; i++) { file.Append(Encoding.UTF8.GetBytes($$"""{"n":{{i:00}}}""")); }      // nine bytes each, two a file
        Assert.Equal(["events.jsonl", "events.jsonl.1", "events.jsonl.2", "events.jsonl.3", "events.jsonl.4"], Directory.EnumerateFiles(Path.GetDirectoryName(path)!).Select(Path.GetFileName).Order());
        Assert.Equal(["""{"n":18}""", """{"n":19}"""], File.ReadAllLines(path));
        Assert.Equal(["""{"n":10}""", """{"n":11}"""], File.ReadAllLines(path + ".4"));
    }

    [Fact]
    public void A_line_larger_than_the_file_has_one_to_itself()
    {
        string path = Path.Combine(_folder, "events.jsonl");
        var file = new JsonLinesFile(path, mostBytes: 20);
        foreach (string line in (string[])["small", new string('x', 100), "small"]) { file.Append(Encoding.UTF8.GetBytes(line)); }
        Assert.Equal(["small"], File.ReadAllLines(path));
        Assert.Equal(100, File.ReadAllLines(path + ".1").Single().Length);
    }

    [Fact]
    public void Lines_of_many_writers_stay_whole()
    {
        string path = Path.Combine(_folder, "events.jsonl");
        var file = new JsonLinesFile(path, mostBytes: 1 << 20);
        Parallel.For(0, 200, i => file.Append(Encoding.UTF8.GetBytes(new string((char)('a' + i % 26), 50))));
        Assert.Equal(200, File.ReadAllLines(path).Count(line => line.Length == 50 && line.Distinct().Count() == 1));
    }
}
