"""Chow-Liu trees and tree-augmented naive Bayes."""
