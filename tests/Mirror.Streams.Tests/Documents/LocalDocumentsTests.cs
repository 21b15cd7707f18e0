using Mirror.Streams.Documents;

namespace Mirror.Streams.Tests.Documents;

/// <summary>Documents in files.</summary>
public sealed class LocalDocumentsTests : DocumentsContract, IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "mirror-documents-" + Guid.NewGuid().ToString("N"));
    private readonly LocalDocuments _documents;

    public LocalDocumentsTests() => _documents = new LocalDocuments(_folder);

    private protected override IDocuments Documents => _documents;

    public void Dispose()
    {
        if (Directory.Exists(_folder)) { Directory.Delete(_folder, recursive: true); }
    }

    [Fact]
    public async Task Documents_outlive_the_process_and_unfinished_ones_do_not_show()
    {
        await PutAsync("hooks/a", "one");
        await File.WriteAllTextAsync(Path.Combine(_folder, "hooks", "b.doc.new"), "half of wh");
        var reopened = new LocalDocuments(_folder);
        Assert.Equal(["hooks/a"], (await reopened.ListAsync("", default)).Select(document => document.Name));
    }

    [Fact]
    public async Task Nobody_else_may_read_a_document()
    {
        await PutAsync("hooks/a", "secret");
        if (OperatingSystem.IsWindows()) { return; }
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "hooks", "a.doc")));
    }
}
