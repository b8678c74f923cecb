"""GOV.UK Notify: its client wrapped for sending once, its rules checked beforehand, and a local stand-in."""
